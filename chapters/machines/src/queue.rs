//! Deliveries: jobs that the broker hands to a worker, and keeps until the worker acknowledges them.
//!
//! A delivery is a lease. If the worker neither acknowledges the job nor asks for more time within `ack_wait`, the broker
//! delivers the job again. So a [`Leases`] task sends *progress* for every job that the worker holds, until the job has
//! been acknowledged.
//!
//! A worker *pulls*: it asks for a number of jobs, and the broker answers as soon as there are some. While the queue is empty,
//! the broker sends heartbeats, so that a worker can tell an empty queue from a broker that died with the request.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::Consumer;
use async_nats::jetstream::consumer::pull::{BatchConfig, Config};
use async_nats::jetstream::message::Message as Delivered;
use async_nats::{Client, Message, StatusCode, Subject, Subscriber};
use bytes::Bytes;
use chapters::job::Job;
use chapters::record::WorkerId;
use futures_util::{FutureExt, StreamExt};
use tokio::select;
use tokio::time::{Instant, interval, sleep, sleep_until};

use crate::broker::{Broker, from_json, to_json};
use crate::member;

/// The interval of the broker's heartbeats.
const HEARTBEAT: Duration = Duration::from_millis(250);
/// The silence after which a request counts as lost.
const SILENCE: Duration = Duration::from_millis(1000);
/// How long a request waits at the broker.
const EXPIRES: Duration = Duration::from_secs(30);
/// The pause before a request that the broker refused is repeated.
const PAUSE: Duration = Duration::from_millis(50);
/// The most messages of one request.
const MOST: usize = 256;
/// A worker asks for as many jobs at once as it can do in about this time. Then a worker with long jobs doesn't
/// collect jobs that an idle one could do, and one with short jobs doesn't wait for a round trip each.
const BATCH_TIME: Duration = Duration::from_millis(20);

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

/// The end of a wait without a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// The deadline has passed.
    Timeout,
    /// The connection was closed.
    Closed,
}

/// Pulls messages from a stream, in order, and repeats requests that got lost.
#[derive(Debug)]
pub struct Pull {
    consumer: Consumer<Config>,
    inbox: Subject,
    messages: Subscriber,
    /// The messages that have arrived and haven't been taken.
    arrived: VecDeque<Message>,
    /// How many messages the last request asked for and hasn't got. More may come, of a request that seemed lost.
    requested: usize,
    batch: usize,
    heard: Instant,
    /// When the first message of the last request was taken.
    begun: Option<Instant>,
}

impl Pull {
    /// Prepares to pull from a consumer.
    ///
    /// # Errors
    ///
    /// If the connection was closed.
    pub async fn new(broker: &Broker, consumer: Consumer<Config>) -> io::Result<Self> {
        let inbox = Subject::from(broker.client.new_inbox());
        let messages = broker.client.subscribe(inbox.clone()).await.map_err(io::Error::other)?;
        let (arrived, now) = (VecDeque::new(), Instant::now());
        Ok(Self { consumer, inbox, messages, arrived, requested: 0, batch: 1, heard: now, begun: None })
    }

    /// Prepares to pull from the consumer of a stream. Waits until its leader answers.
    ///
    /// # Errors
    ///
    /// If the connection was closed.
    pub async fn find(broker: &Broker, stream: &str) -> io::Result<Self> {
        loop {
            match broker.context.get_consumer_from_stream(stream, stream).await {
                Ok(consumer) => return Self::new(broker, consumer).await,
                // The consumer was created before any worker started, but only its leader knows it.
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Whether the broker has no message that isn't acknowledged. Returns `None` if its leader doesn't answer.
    pub async fn is_empty(&self) -> Option<bool> {
        let info = self.consumer.get_info().await.ok()?;
        Some(info.num_pending == 0 && info.num_ack_pending == 0)
    }

    /// Asks for as many messages at once as possible, however long they take.
    pub fn greedy(self) -> Self {
        Self { batch: MOST, ..self }
    }

    /// Returns the next message. Cancel safe: no message gets lost if the future is dropped.
    ///
    /// # Errors
    ///
    /// If no message comes until `deadline`, or the connection was closed.
    pub async fn recv(&mut self, deadline: Instant) -> Result<Message, RecvError> {
        loop {
            while let Some(Some(message)) = self.messages.next().now_or_never() {
                self.sort(message).await;
            }
            if let Some(message) = self.arrived.pop_front() {
                self.begun.get_or_insert_with(Instant::now);
                return Ok(message);
            }
            if self.requested == 0 {
                self.request().await;
            }
            let silence = self.heard + SILENCE;
            let is_silent = Instant::now() >= silence;
            select! {
                message = self.messages.next() => match message {
                    Some(message) => self.sort(message).await,
                    None => return Err(RecvError::Closed),
                },
                // The heartbeat is missing: the broker that had the request is gone, or no longer leads, or is cut off from
                // us. In the last case, it would get every repeated request later, and answer them all at once. So only a
                // broker that answers gets another request.
                () = answer(&self.consumer), if is_silent => self.requested = 0,
                () = sleep_until(silence), if !is_silent => {}
                () = sleep_until(deadline) => return Err(RecvError::Timeout),
            }
        }
    }

    /// Adapts the size of requests to the time that the messages of the last one took.
    pub fn adapt(&mut self) {
        let Some(begun) = self.begun.filter(|_| self.requested == 0 && self.arrived.is_empty()) else { return };
        // The time on the way to the broker and back isn't part of it: the longer it is, the more a large request saves.
        let quick = begun.elapsed() < BATCH_TIME;
        self.batch = if quick { (2 * self.batch).min(MOST) } else { (self.batch / 2).max(1) };
    }

    /// The messages that have arrived and haven't been taken.
    pub fn arrived(&mut self) -> impl Iterator<Item = Message> {
        while let Some(Some(message)) = self.messages.next().now_or_never() {
            if is_data(&message) {
                self.arrived.push_back(message);
            }
        }
        self.arrived.drain(..)
    }

    async fn sort(&mut self, message: Message) {
        self.heard = Instant::now();
        if is_data(&message) {
            self.requested = self.requested.saturating_sub(1);
            self.arrived.push_back(message);
        } else if message.status != Some(StatusCode::IDLE_HEARTBEAT) {
            // The request has expired, or the broker no longer leads.
            self.requested = 0;
            if message.status != Some(StatusCode::TIMEOUT) {
                sleep(PAUSE).await;
            }
        }
    }

    async fn request(&mut self) {
        let config = BatchConfig {
            batch: self.batch,
            expires: Some(EXPIRES),
            idle_heartbeat: HEARTBEAT,
            ..BatchConfig::default()
        };
        self.heard = Instant::now();
        self.begun = None;
        self.requested = self.batch;
        if self.consumer.request_batch(config, self.inbox.clone()).await.is_err() {
            self.requested = 0;
            sleep(PAUSE).await;
        }
    }
}

/// Waits until the broker answers a question about the consumer, which only a leader can.
async fn answer(consumer: &Consumer<Config>) {
    while consumer.get_info().await.is_err() {
        sleep(PAUSE).await;
    }
}

fn is_data(message: &Message) -> bool {
    message.status.is_none_or(|status| status == StatusCode::OK)
}

/// The right to acknowledge a message.
#[derive(Clone, Debug)]
pub struct Ack {
    client: Client,
    reply: Subject,
    /// The number of the message in its stream.
    sequence: u64,
}

impl Ack {
    /// Sends an acknowledgment, without waiting for the broker's answer. If it gets lost, the message comes again.
    pub async fn send(&self, kind: AckKind) {
        let _ = self.client.publish(self.reply.clone(), kind.into()).await;
    }
}

/// A job on loan: the broker delivers it again unless it is acknowledged.
#[derive(Debug)]
pub struct Delivery {
    /// The job.
    pub job: Job,
    /// How often the broker has delivered the job, including this time. Later deliveries have larger numbers, so a store
    /// that remembers the largest can refuse a worker whose lease has expired: it's a fencing token. With replicas, this
    /// needs a NATS newer than 2.9, whose leader may die before the other brokers know the number of a delivery.
    pub attempt: u64,
    /// The right to acknowledge the job.
    pub ack: Ack,
}

/// The queue of jobs, as a worker sees it.
#[derive(Debug)]
pub struct Jobs {
    pull: Pull,
    broker: Broker,
    leases: Leases,
    subject: String,
    ready: VecDeque<Delivery>,
}

impl Jobs {
    /// Prepares to take jobs from the service's queue. A delivered job must be acknowledged within `ack_wait`.
    ///
    /// # Errors
    ///
    /// If the connection was closed.
    pub async fn new(broker: &Broker, ack_wait: Duration) -> io::Result<Self> {
        let subject = broker.names.jobs();
        let pull = Pull::find(broker, &subject).await?;
        Ok(Self { pull, broker: broker.clone(), leases: Leases::start(ack_wait), subject, ready: VecDeque::new() })
    }

    /// The leases of the delivered jobs.
    pub fn leases(&self) -> Leases {
        self.leases.clone()
    }

    /// Takes the next job. Until it is acknowledged, its lease is renewed.
    ///
    /// # Errors
    ///
    /// If no job comes until `deadline`, or the connection was closed.
    pub async fn recv(&mut self, deadline: Instant) -> Result<Delivery, RecvError> {
        loop {
            if let Some(delivery) = self.ready.pop_front() {
                return Ok(delivery);
            }
            self.pull.adapt();
            let first = self.pull.recv(deadline).await?;
            for message in [first].into_iter().chain(self.pull.arrived()) {
                // A message that isn't a job can't be done by any worker. It isn't acknowledged.
                if let Ok(delivery) = delivery(&self.broker, message, &self.subject) {
                    self.leases.hold(&delivery.ack);
                    self.ready.push_back(delivery);
                }
            }
        }
    }

    /// Returns delivered jobs that haven't been started to the broker, so that another worker gets them immediately.
    pub async fn return_unstarted(&mut self) {
        let messages: Vec<Message> = self.pull.arrived().collect();
        let late = messages.into_iter().filter_map(|message| delivery(&self.broker, message, &self.subject).ok());
        for delivery in late.collect::<Vec<_>>().into_iter().chain(self.ready.drain(..)) {
            self.leases.release(&delivery.ack);
            delivery.ack.send(AckKind::Nak(None)).await;
        }
    }
}

fn delivery(broker: &Broker, message: Message, subject: &str) -> io::Result<Delivery> {
    let ack = ack(broker, &message)?;
    let job = from_json(&message.payload, subject)?;
    let message = Delivered { message, context: broker.context.clone() };
    let attempt = message.info().map_err(io::Error::other)?.delivered;
    Ok(Delivery { job, attempt: attempt.max(1) as u64, ack })
}

/// The right to acknowledge a message that was pulled.
pub(crate) fn ack(broker: &Broker, message: &Message) -> io::Result<Ack> {
    let delivered = Delivered { message: message.clone(), context: broker.context.clone() };
    let sequence = delivered.info().map_err(io::Error::other)?.stream_sequence;
    let reply = message.reply.clone().ok_or_else(|| io::Error::other("a delivery without a reply subject"))?;
    Ok(Ack { client: broker.client.clone(), reply, sequence })
}

/// The jobs that a worker holds. A task asks for more time for all of them, three times per `ack_wait`.
#[derive(Clone, Debug, Default)]
pub struct Leases {
    held: Arc<Mutex<HashMap<u64, Ack>>>,
}

impl Leases {
    // ANCHOR: renew
    fn start(ack_wait: Duration) -> Self {
        let leases = Self::default();
        let renewed = leases.clone();
        tokio::spawn(async move {
            let mut ticks = interval(ack_wait / 3);
            loop {
                ticks.tick().await;
                let held: Vec<Ack> = renewed.held().values().cloned().collect();
                for ack in held {
                    ack.send(AckKind::Progress).await;
                }
            }
        });
        leases
    }
    // ANCHOR_END: renew

    fn held(&self) -> MutexGuard<'_, HashMap<u64, Ack>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, ack: &Ack) {
        self.held().insert(ack.sequence, ack.clone());
    }

    fn release(&self, ack: &Ack) {
        self.held().remove(&ack.sequence);
    }

    /// Acknowledges a job: the broker forgets it.
    pub async fn end(&self, ack: &Ack) {
        self.release(ack);
        ack.send(AckKind::Ack).await;
    }
}

/// The dead-letter stream, as a worker sees it.
#[derive(Debug)]
pub struct DeadLetters {
    broker: Broker,
    worker: WorkerId,
}

impl DeadLetters {
    /// Prepares to store what `worker` gives up.
    pub fn new(broker: &Broker, worker: WorkerId) -> Self {
        Self { broker: broker.clone(), worker }
    }

    /// Stores a job.
    ///
    /// # Errors
    ///
    /// If the broker refuses it. The service then knows the reason.
    pub async fn put(&self, job: &Job) -> io::Result<()> {
        let stored = self.broker.publish(&self.broker.names.dead(), &id(job), payload(job)).await;
        if let Err(error) = &stored {
            member::fail(&self.broker, self.worker, error).await;
        }
        stored
    }
}

/// The ID by which the broker recognizes a job that is sent again.
pub fn id(job: &Job) -> String {
    format!("job-{}", job.number)
}

/// The payload of a job's message.
pub fn payload(job: &Job) -> Bytes {
    to_json(job)
}
