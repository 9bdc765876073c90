//! The service: a queue of jobs, and workers that take jobs from it until the service stops.
//!
//! Compared with the service of [coroutines](chapters::coroutines::Service), the network makes these differences:
//!
//! - [`Service::new`] and [`Service::add_jobs`] wait for the brokers, and can fail. A job whose confirmation is missing is sent
//!   again with the same ID.
//! - [`Service::run`] starts workers that are processes, perhaps on other machines. So a [coordinator](Coordinator) takes the
//!   place of their handles.
//! - [`Worker::run`] connects to a broker and joins the service, which gives the worker its parameters.
//! - Taking a job means borrowing it. The broker forgets it when the worker acknowledges it, after the record of its end has been
//!   stored. A job that was delivered too often is given up, and jobs that weren't started go back at the end.
//!
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use async_nats::ServerAddr;
use chapters::job::Job;
use chapters::record::{Event, WorkerId};
use chapters::service::{IDLE_TIMEOUT, OnStarted, Outcome, Plan};
use chapters::trace::Trace;
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use crate::broker::{self, Broker, Names};
use crate::coordinator::{Coordinator, Local};
use crate::fault;
use crate::health::Health;
use crate::member::{self, Running};
use crate::queue::{self, DeadLetters, Delivering, Delivery, Jobs, Pull, RecvError, id};
use crate::report::Reporter;

/// How many jobs may be on their way to the broker. With one, each job would cost a round trip.
const IN_FLIGHT: usize = 512;

/// A queue of jobs, and workers that take jobs from it while the service is running.
pub struct Service {
    pub(crate) plan: Plan,
    pub(crate) trace: Trace,
    pub(crate) delivering: Delivering,
    pub(crate) broker: Broker,
    pub(crate) health: Health,
    pub(crate) reports: Pull,
    /// How many jobs the broker has confirmed.
    pub(crate) added: u64,
}

impl Service {
    /// Creates a service without jobs or workers, on brokers whose `health` is watched.
    ///
    /// # Errors
    ///
    /// If the brokers don't create the queue by the deadline.
    pub async fn new(
        plan: Plan,
        trace: Trace,
        delivering: Delivering,
        broker: Broker,
        health: Health,
        deadline: Instant,
    ) -> io::Result<Self> {
        let reports = broker.create_streams(delivering.replicas, delivering.ack_wait, deadline.into()).await?;
        let reports = Pull::new(&broker, reports).await?;
        health.expect_storage(&broker);
        Ok(Self { plan, trace, delivering, broker, health, reports, added: 0 })
    }

    /// Puts jobs on the queue. Returns when the broker has confirmed all of them.
    ///
    /// # Errors
    ///
    /// If the broker refuses a job, for example because its storage is full.
    pub async fn add_jobs(&mut self, jobs: impl IntoIterator<Item = Job>) -> io::Result<()> {
        let stream = self.broker.names.jobs();
        let mut jobs = jobs.into_iter();
        let mut in_flight = VecDeque::new();
        loop {
            while in_flight.len() < IN_FLIGHT
                && let Some(job) = jobs.next()
            {
                let sent = self.broker.send(&stream, &id(&job), queue::payload(&job)).await;
                in_flight.push_back((job, sent));
            }
            let Some((job, sent)) = in_flight.pop_front() else { return Ok(()) };
            self.health.note_unconfirmed(Some(Instant::now().into()));
            self.confirm(&stream, job, sent).await?;
            self.health.note_unconfirmed(None);
        }
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
        let trace = self.trace.clone();
        let deadline = self.trace.origin() + self.plan.time;
        trace.service().record(Event::ServiceStarting);

        let (stop, mut stopped) = mpsc::channel::<()>(1);
        let mut workers = Coordinator::new(self, local).await?;
        let result = workers.start().await;
        let result = result.and_then(|()| on_started(Box::new(move || _ = stop.try_send(()))));
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

/// The state of a worker.
pub struct Worker {
    running: Running,
    queue: Jobs,
    trace: Reporter,
    scale: f64,
    attempts: u64,
    poison: Option<u64>,
    dead: DeadLetters,
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
            let dead = DeadLetters::new(&broker, welcome.worker);
            let member::Welcome { scale, attempts, poison, .. } = welcome;
            Self { running, queue, trace, scale, attempts, poison, dead }.work().await
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
    async fn process(&self, delivery: Delivery) -> Instant {
        let job = delivery.job;
        if delivery.attempt > 1 {
            self.trace.record(Event::JobRedelivered(job));
        }
        self.trace.record(Event::JobStarted(job));
        if self.poison == Some(job.number) {
            fault::crash().await;
        }
        // A CPU-bound job blocks this thread. The tasks that renew leases and send records run on others.
        job.run_async(self.scale).await;
        self.trace.record_end(Event::JobCompleted(job), delivery)
    }
    // ANCHOR_END: process

    /// Moves a job that has been delivered too often to the dead-letter stream.
    async fn give_up(&self, delivery: Delivery) -> io::Result<Instant> {
        let job = delivery.job;
        self.dead.put(&job).await?;
        Ok(self.trace.record_end(Event::JobLost(job), delivery))
    }
}
