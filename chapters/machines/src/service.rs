//! The service: a queue of jobs, and workers that take jobs from it until the service stops.

use std::collections::VecDeque;
use std::io;
use std::process;
use std::time::Duration;

use async_nats::ServerAddr;
use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use chapters::trace::Trace;
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};

use crate::broker::{self, Broker, Names};
use crate::coordinator::{Coordinator, Local};
use crate::health::Health;
use crate::member::{self, Running};
use crate::queue::{self, Delivery, Jobs, RecvError};
use crate::report::Reporter;

/// How many jobs may be on their way to the broker. With one, each job would cost a round trip.
const IN_FLIGHT: usize = 512;

/// How long a worker with a poisonous job lives on, long enough that its records are usually stored.
const DYING: Duration = Duration::from_millis(100);

/// The exit status of a worker that crashes, which is that of a panic.
const CRASHED: i32 = 101;

/// How the broker treats jobs.
#[derive(Clone, Copy, Debug)]
pub struct Delivering {
    /// How many brokers store each job.
    pub replicas: usize,
    /// How long the broker waits for an acknowledgment before it delivers a job again.
    pub ack_wait: Duration,
    /// How often a job is delivered at most.
    pub attempts: u64,
    /// The number of a job that kills its workers.
    pub poison: Option<u64>,
}

/// A queue of jobs, and workers that take jobs from it while the service is running.
pub struct Service {
    pub(crate) plan: Plan,
    pub(crate) trace: Trace,
    pub(crate) delivering: Delivering,
    pub(crate) broker: Broker,
    pub(crate) health: Health,
    pub(crate) added: u64,
}

impl Service {
    /// Creates a service without jobs or workers, on brokers that may need until `limit` to agree on a leader, and whose
    /// `health` is watched.
    ///
    /// # Errors
    ///
    /// If the brokers don't create the queue.
    pub async fn new(
        plan: Plan,
        trace: Trace,
        delivering: Delivering,
        broker: Broker,
        health: Health,
        limit: Duration,
    ) -> io::Result<Self> {
        broker.create_streams(delivering.replicas, delivering.ack_wait, limit).await?;
        health.expect_storage();
        Ok(Self { plan, trace, delivering, broker, health, added: 0 })
    }

    /// Puts jobs on the queue. Returns when the broker has confirmed all of them.
    ///
    /// # Errors
    ///
    /// If the broker refuses a job, for example because its storage is full.
    pub async fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) -> io::Result<()> {
        let stream = self.broker.names.jobs();
        let mut in_flight = VecDeque::new();
        for job in jobs {
            if in_flight.len() == IN_FLIGHT
                && let Some((job, sent)) = in_flight.pop_front()
            {
                self.confirm(&stream, job, sent).await?;
            }
            let sent = self.broker.send(&stream, &id(&job), queue::payload(&job)).await;
            in_flight.push_back((job, sent));
        }
        for (job, sent) in in_flight {
            self.confirm(&stream, job, sent).await?;
        }
        Ok(())
    }

    // ANCHOR: confirm
    async fn confirm(&mut self, stream: &str, job: Job, sent: broker::Sent) -> io::Result<()> {
        let stored = match sent {
            Ok(stored) => stored.await.is_ok(),
            Err(_) => false,
        };
        if !stored {
            // Whether it was stored isn't known. If so, the broker recognizes the ID.
            let full = |error| io::Error::other(format!("{error}: it took {} jobs", self.added));
            self.broker.publish(stream, &id(&job), queue::payload(&job)).await.map_err(full)?;
        }
        self.added += 1;
        Ok(())
    }
    // ANCHOR_END: confirm

    /// Runs the service until its time is up, the [stop handle](chapters::service::StopHandle) is called, or nothing is
    /// left to do.
    ///
    /// Calls `on_started` when all workers of this machine have been started, with a function that stops the service.
    /// Returns when all workers have ended; a worker that is processing a job finishes it first.
    ///
    /// # Errors
    ///
    /// If a worker can't be started, if `on_started` fails, or if the brokers can't go on, for example because their disk is
    /// full. The workers that have been started are stopped.
    pub async fn run(self, local: Local, on_started: OnStarted<'_>) -> io::Result<Outcome> {
        let (trace, deadline) = (self.trace.clone(), self.trace.origin() + self.plan.time);
        trace.complete_until(Duration::ZERO);
        trace.service().record(Event::ServiceStarting);

        let (stop, mut stopped) = mpsc::unbounded_channel::<()>();
        let mut health = self.health.clone();
        let created = Coordinator::new(self, local);
        let mut workers = select! {
            created = created => created?,
            error = health.failed() => return Err(error),
        };
        let result = workers.start().await;
        let result = result.and_then(|()| on_started(Box::new(move || _ = stop.send(()))));
        if result.is_ok() {
            select! {
                _ = stopped.recv() => {}
                () = workers.until_ended() => {}
                () = sleep_until(deadline.into()) => {}
            }
        }

        trace.service().record(Event::ServiceStopping);
        let outcome = workers.stop().await;
        result.and(outcome)
    }
}

/// The ID by which the broker recognizes a job that is sent again.
fn id(job: &Job) -> String {
    format!("job-{}", job.number)
}

/// The state of a worker.
pub struct Worker {
    running: Running,
    queue: Jobs,
    trace: Reporter,
    scale: f64,
    attempts: u64,
    poison: Option<u64>,
    broker: Broker,
    id: WorkerId,
}

impl Worker {
    /// Joins the service called `names`, waiting for it until `limit`, and works until the service stops.
    ///
    /// # Errors
    ///
    /// If the brokers can't be reached, there is no service, the service fails or no longer answers, or the broker refuses
    /// the worker's records. A worker that the service has started as a process leaves these errors to the service, which
    /// kills it if necessary.
    pub async fn run(servers: &[ServerAddr], names: Names, id: Option<WorkerId>, limit: Duration) -> io::Result<()> {
        let broker = Broker::connect(servers, names).await?;
        let (welcome, origin, running) = member::join(&broker, id, limit).await?;
        let mut service = running.clone();
        let working = async {
            let queue = Jobs::new(&broker, welcome.ack_wait).await?;
            let trace = Reporter::start(&broker, welcome.worker, origin, queue.leases());
            let member::Welcome { scale, attempts, poison, worker, .. } = welcome;
            Self { running, queue, trace, scale, attempts, poison, broker: broker.clone(), id: worker }.work().await
        };
        match id {
            Some(_) => working.await.or(Ok(())),
            None => select! {
                done = working => done,
                error = service.lost() => Err(error),
            },
        }
    }

    // ANCHOR: work
    async fn work(mut self) -> io::Result<()> {
        let mut last = self.trace.record(Event::WorkerStarted);
        while self.running.is_held() {
            let received = select! {
                received = self.queue.recv((last + IDLE_TIMEOUT).into()) => received,
                () = self.running.ended() => break,
            };
            last = match received {
                Ok(delivery) if delivery.attempt > self.attempts => self.give_up(delivery).await?,
                Ok(delivery) => self.process(delivery).await,
                Err(RecvError::Timeout) => self.trace.record(Event::NoWork),
                Err(RecvError::Closed) => break,
            };
        }
        self.queue.return_unstarted().await;
        self.trace.record(Event::WorkerFinished);
        self.trace.finish().await
    }
    // ANCHOR_END: work

    // ANCHOR: process
    async fn process(&self, delivery: Delivery) -> std::time::Instant {
        let job = delivery.job;
        if delivery.attempt > 1 {
            self.trace.record(Event::JobRedelivered(job));
        }
        self.trace.record(Event::JobStarted(job));
        if self.poison == Some(job.number) {
            self.die().await;
        }
        // A CPU-bound job blocks this thread. The tasks that renew leases and send records run on others.
        job.run_async(self.scale).await;
        self.trace.record_end(Event::JobCompleted(job), delivery)
    }
    // ANCHOR_END: process

    /// Ends the process as a job does that crashes its worker, after a moment in which the records can be sent.
    async fn die(&self) -> ! {
        sleep(DYING).await;
        process::exit(CRASHED)
    }

    /// Moves a job that has been delivered too often to the dead-letter stream.
    async fn give_up(&self, delivery: Delivery) -> io::Result<std::time::Instant> {
        let job = delivery.job;
        let moved = self.broker.publish(&self.broker.names.dead(), &id(&job), queue::payload(&job)).await;
        if let Err(error) = moved {
            member::fail(&self.broker, self.id, &error).await;
            return Err(error);
        }
        Ok(self.trace.record_end(Event::JobLost(job), delivery))
    }
}
