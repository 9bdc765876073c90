//! The connection to the brokers, and the streams and subjects of a service.
//!
//! A client knows the addresses of all brokers, and connects to another one when its broker dies. Until then, its requests
//! fail or time out. A request that isn't answered may still have been carried out, so everything that is repeated here
//! has an ID by which the broker recognizes a repetition.

use std::error::Error;
use std::future::IntoFuture;
use std::io;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, PublishAckFuture, PublishError, PublishErrorKind,
};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, ConsumerError, ConsumerErrorKind, DiscardPolicy, Info, RetentionPolicy};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, ConnectOptions, ServerAddr};
use bytes::Bytes;
use chapters::record::WorkerId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::{member, report};

/// The oldest version of nats-server that has what the service needs.
const OLDEST: (u32, u32) = (2, 9);
/// How long an attempt to connect may take, for each address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long all attempts may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);
/// How long a request waits for its answer before it is repeated.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a client checks that its broker answers. After the third check without an answer, it connects to another one.
const PING_INTERVAL: Duration = Duration::from_secs(2);
/// The pause before a request is repeated.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a broker recognizes a repeated message. Longer than any message is repeated.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// How many jobs may be delivered and not acknowledged, for all workers together. The broker delivers no more until some
/// are acknowledged, so a slow worker can't collect the whole queue.
const MAX_ACK_PENDING: i64 = 10_000;

/// The worker in a request of the service itself.
pub(crate) const NOBODY: WorkerId = WorkerId(u32::MAX);

/// The names of a service's streams and subjects.
#[derive(Clone, Debug)]
pub struct Names(String);

impl Names {
    /// The names of the service called `name`, which has letters, digits, and hyphens only.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The stream of jobs, and the consumer that all workers share.
    pub fn jobs(&self) -> String {
        format!("{}-jobs", self.0)
    }

    /// The stream of the workers' records.
    pub fn records(&self) -> String {
        format!("{}-records", self.0)
    }

    /// The dead-letter stream: jobs that were delivered too often.
    pub fn dead(&self) -> String {
        format!("{}-dead", self.0)
    }

    /// The subject on which workers join and renew their membership.
    pub fn members(&self) -> String {
        format!("{}-members", self.0)
    }

    /// The subject of the message that ends all workers.
    pub fn stop(&self) -> String {
        format!("{}-stop", self.0)
    }
}

/// A message that was sent, and may have been stored.
pub(crate) type Sent = Result<PublishAckFuture, PublishError>;

/// A connection to the brokers of one service.
#[derive(Clone, Debug)]
pub struct Broker {
    /// The client, for messages that aren't stored.
    pub client: Client,
    /// The client's interface to streams.
    pub context: jetstream::Context,
    /// The names of the service's streams and subjects.
    pub names: Names,
    servers: String,
}

impl Broker {
    /// Connects to one of the `servers`.
    ///
    /// # Errors
    ///
    /// If no server answers within eight seconds, or the server is too old or lacks JetStream.
    pub async fn connect(servers: &[ServerAddr], names: Names) -> io::Result<Self> {
        let list = list(servers);
        let options = ConnectOptions::new()
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .ping_interval(PING_INTERVAL)
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| PAUSE * attempts.saturating_sub(1).min(5) as u32)
            // A worker that may be cut off must not find a way around its proxy.
            .ignore_discovered_servers();
        let client = match timeout(CONNECT_LIMIT, options.connect(servers)).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => {
                return Err(io::Error::other(format!("cannot reach a broker at {list}: {}", chain(&error))));
            }
            Err(_) => return Err(io::Error::other(format!("cannot reach a broker at {list}: no answer in time"))),
        };
        let info = client.server_info();
        if !is_new_enough(&info.version) {
            let (major, minor) = OLDEST;
            let found = format!("the broker at {list} is nats-server {}", info.version);
            return Err(io::Error::other(format!("{found}: expected {major}.{minor} or newer")));
        }
        // One of several brokers may lack it: messages reach it through the others.
        if !info.jetstream && servers.len() == 1 {
            return Err(io::Error::other(no_jetstream(&list)));
        }
        let context = jetstream::context::ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .ack_timeout(REQUEST_TIMEOUT)
            .build(client.clone());
        Ok(Self { client, context, names, servers: list })
    }

    /// The addresses of the brokers, without passwords.
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Creates the streams of a service, with this number of replicas, and the consumers of its jobs and records. Stores
    /// a first message, an empty report, and returns the consumer of the records.
    ///
    /// A cluster that has just started needs some seconds to elect its leaders, so this repeats what fails for want of a
    /// leader until the deadline.
    ///
    /// # Errors
    ///
    /// If the brokers don't agree on a leader in time, or refuse the streams.
    pub async fn create_streams(
        &self,
        replicas: usize,
        ack_wait: Duration,
        deadline: Instant,
    ) -> io::Result<PullConsumer> {
        // ANCHOR: stream
        let stream = |name: String, retention| Config {
            subjects: vec![name.clone()],
            name,
            retention,
            discard: DiscardPolicy::New,
            num_replicas: replicas,
            duplicate_window: DUPLICATE_WINDOW,
            ..Config::default()
        };
        // ANCHOR_END: stream
        let names = &self.names;
        for (name, retention) in [
            (names.jobs(), RetentionPolicy::WorkQueue),
            // The service is the only reader. It recognizes a report that comes twice by itself.
            (names.records(), RetentionPolicy::WorkQueue),
            // Nobody takes the dead letters: they wait for a person.
            (names.dead(), RetentionPolicy::Limits),
        ] {
            let config = stream(name, retention);
            self.until_led(deadline, replicas, || self.context.create_stream(config.clone()).into_future()).await?;
        }
        let consumer = async |name: String, ack_wait| {
            // ANCHOR: consumer
            let config = pull::Config {
                durable_name: Some(name.clone()),
                ack_policy: AckPolicy::Explicit,
                ack_wait,
                max_ack_pending: MAX_ACK_PENDING,
                ..pull::Config::default()
            };
            // ANCHOR_END: consumer
            let create = || self.context.create_consumer_on_stream(config.clone(), name.clone()).into_future();
            self.until_led(deadline, replicas, create).await
        };
        consumer(names.jobs(), ack_wait).await?;
        let records = consumer(names.records(), REQUEST_TIMEOUT).await?;
        let store = || async {
            let (id, report) = report::empty(0);
            self.send(&names.records(), &id, report).await?.await
        };
        self.until_led(deadline, replicas, store).await?;
        Ok(records)
    }

    /// Repeats a request until it succeeds, or fails for another reason than an election, or `deadline` has passed.
    async fn until_led<T, E: Error + 'static, F: Future<Output = Result<T, E>>>(
        &self,
        deadline: Instant,
        replicas: usize,
        mut request: impl FnMut() -> F,
    ) -> io::Result<T> {
        loop {
            let answer = timeout_at(deadline, request()).await;
            match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if !may_pass(&error) => return Err(self.refused(&error, replicas)),
                _ if Instant::now() + PAUSE >= deadline => {
                    let copies = if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") };
                    return Err(io::Error::other(format!(
                        "no quorum: the brokers at {} elect no leader for a stream with {copies}: start more of them, or \
                         make space on their disks",
                        self.servers
                    )));
                }
                _ => sleep(PAUSE).await,
            }
        }
    }

    /// The error for a request that the brokers refuse.
    fn refused(&self, error: &(dyn Error + 'static), replicas: usize) -> io::Error {
        let servers = &self.servers;
        io::Error::other(match code(error) {
            Some(code) if is_full(code) => format!("the storage of the brokers at {servers} is full"),
            Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED) => {
                format!("--replicas={replicas}: the broker at {servers} isn't part of a cluster")
            }
            // What a broker says if it can't write a file depends on the file.
            Some(ErrorCode::STREAM_CREATE | ErrorCode::CONSUMER_CREATE) => {
                format!(
                    "the brokers at {servers} can't create the queue, perhaps because of a full disk: {}",
                    chain(error)
                )
            }
            _ => format!("the brokers at {servers} refuse: {}", chain(error)),
        })
    }

    /// Sends a message to a stream, and waits until the broker has stored it. Repeats it until then: the broker drops a
    /// repetition, which it recognizes by `id`.
    ///
    /// # Errors
    ///
    /// If the broker refuses the message, for example because its storage is full.
    pub async fn publish(&self, stream: &str, id: &str, payload: Bytes) -> io::Result<()> {
        while !self.try_publish(stream, id, payload.clone()).await? {
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Sends a message to a stream, and returns whether the broker has confirmed in time that the message is stored. If not,
    /// it may be stored all the same.
    ///
    /// # Errors
    ///
    /// If the broker refuses the message.
    pub async fn try_publish(&self, stream: &str, id: &str, payload: Bytes) -> io::Result<bool> {
        let stored = match self.send(stream, id, payload).await {
            Ok(stored) => stored.await.map(|_| ()),
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => Ok(true),
            Err(error) if is_passing(&error) => Ok(false),
            Err(error) => Err(self.refused(&error, 1)),
        }
    }

    /// Sends a message to a stream, without waiting for the broker's answer.
    pub(crate) async fn send(&self, stream: &str, id: &str, payload: Bytes) -> Sent {
        let message = PublishMessage::build().payload(payload).message_id(id);
        self.context.send_publish(stream.to_owned(), message).await
    }

    /// Asks the brokers about the state of a stream. Returns `None` while the stream doesn't have a leader.
    pub async fn stream_info(&self, stream: &str) -> Option<Info> {
        self.context.get_stream_no_info(stream).await.ok()?.get_info().await.ok()
    }

    /// Makes sure that no other service uses the same names, and removes the streams of one that was killed.
    ///
    /// # Errors
    ///
    /// If another service answers.
    pub async fn claim(&self, name: &str) -> io::Result<()> {
        let request = to_json(&member::Request { worker: Some(NOBODY), failed: None });
        if self.client.request(self.names.members(), request).await.is_ok() {
            let servers = &self.servers;
            return Err(io::Error::other(format!(
                "--name={name}: a service of this name is running on {servers}; choose another name"
            )));
        }
        if self.stream_info(&self.names.jobs()).await.is_some() {
            self.delete_streams().await;
        }
        Ok(())
    }

    /// Deletes the streams of the service, if they exist.
    pub async fn delete_streams(&self) {
        for stream in [self.names.jobs(), self.names.records(), self.names.dead()] {
            // An error means that the stream doesn't exist, or has no leader.
            let _ = self.context.delete_stream(stream).await;
        }
    }
}

/// The error for a broker without JetStream. nats-server 2.9 turns it off when its disk is full.
pub(crate) fn no_jetstream(list: &str) -> String {
    format!("the broker at {list} has no JetStream: its disk is full, or the flag -js is missing")
}

/// The addresses, without passwords.
pub(crate) fn list(servers: &[ServerAddr]) -> String {
    let servers: Vec<String> =
        servers.iter().map(|server| format!("nats://{}:{}", server.host(), server.port())).collect();
    servers.join(",")
}

/// Whether a version such as `2.9.10` is at least the oldest one.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().flatten(), parts.next().flatten());
    major.zip(minor).is_some_and(|version| version >= OLDEST)
}

/// Whether the publisher should repeat its message: an election is in progress, or the answer got lost.
pub(crate) fn is_passing(error: &PublishError) -> bool {
    use PublishErrorKind::{BrokenPipe, StreamNotFound, TimedOut};
    matches!(error.kind(), TimedOut | StreamNotFound | BrokenPipe | PublishErrorKind::MaxAckPending) || may_pass(error)
}

/// Whether a request failed only for want of a leader or of an answer, as far as one can know.
fn may_pass(error: &(dyn Error + 'static)) -> bool {
    match code(error) {
        Some(code) => [
            ErrorCode::CLUSTER_NO_PEERS,
            ErrorCode::CLUSTER_NOT_AVAILABLE,
            ErrorCode::CLUSTER_NOT_LEADER,
            ErrorCode::CLUSTER_NOT_ACTIVE,
            ErrorCode::STREAM_OFFLINE,
            ErrorCode::STREAM_NOT_FOUND,
            ErrorCode::RAFT_GENERAL,
        ]
        .contains(&code),
        None => true,
    }
}

/// Whether this code of JetStream means that the storage is full.
fn is_full(code: ErrorCode) -> bool {
    [
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::MEMORY_RESOURCES_EXCEEDED,
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
        ErrorCode::STREAM_STORE_FAILED,
    ]
    .contains(&code)
}

/// The code of JetStream in an error or one of its causes.
fn code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut next = Some(error);
    while let Some(error) = next {
        let answer = if let Some(error) = error.downcast_ref::<CreateStreamError>() {
            if let CreateStreamErrorKind::JetStream(answer) = error.kind() { Some(answer) } else { None }
        } else if let Some(error) = error.downcast_ref::<ConsumerError>() {
            if let ConsumerErrorKind::JetStream(answer) = error.kind() { Some(answer) } else { None }
        } else {
            error.downcast_ref::<jetstream::Error>().cloned()
        };
        if let Some(answer) = answer {
            return Some(answer.error_code());
        }
        next = error.source();
    }
    None
}

/// An error and its causes, without repetitions, on one line: it may contain what a server sent.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("plain data can be written as JSON").into()
}

/// A value from JSON, or an error that names the `subject`.
pub(crate) fn from_json<T: DeserializeOwned>(payload: &[u8], subject: &str) -> io::Result<T> {
    serde_json::from_slice(payload).map_err(|error| io::Error::other(format!("a message on {subject}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(["2.9.0", "2.10.4", "v2.9.10", "3.0.0-beta.1"].into_iter().all(is_new_enough));
        assert!(["2.8.4", "1.4.1", "0.9", "", "two.nine"].into_iter().all(|version| !is_new_enough(version)));
    }
}
