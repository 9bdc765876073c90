//! How a worker joins the service, and learns that the service stops.
//!
//! The running flag of the other services is a lock in memory, which a worker can check. Here, only messages connect a
//! worker with the service, and messages get lost. So the flag is a lease: each worker asks the service every second
//! whether it's still running. When the service stops, it also sends all workers a message, which makes them ask at
//! once. A worker that was cut off learns of it when it asks the next time. A worker that gets no answer stops by
//! itself, ten seconds after the last question that was answered.

use std::io;
use std::time::Duration;

use async_nats::Subscriber;
use chapters::record::WorkerId;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout, timeout_at};

use crate::broker::{Broker, from_json, to_json};
use crate::report;

/// How often a worker renews its lease.
pub const RENEWAL: Duration = Duration::from_secs(1);
/// How long a lease lasts without a renewal.
pub const LEASE: Duration = Duration::from_secs(10);
/// The pause between two attempts to join.
const PAUSE: Duration = Duration::from_millis(100);

/// A worker's request to join, or to stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Request {
    /// The number of the worker, if it has one already.
    pub worker: Option<WorkerId>,
    /// Why the worker can't go on, as a sentence: the broker has refused its records.
    pub failed: Option<String>,
}

/// The service's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// The number of the worker.
    pub worker: WorkerId,
    /// The time since the service started, on its clock.
    pub at: Duration,
    /// The state of the service.
    pub state: State,
    /// The factor by which the work of every job is multiplied.
    pub scale: f64,
    /// How long the broker waits for an acknowledgment.
    pub ack_wait: Duration,
    /// How often a job is delivered at most.
    pub attempts: u64,
    /// The job that kills its workers.
    pub poison: Option<u64>,
}

/// The state of the service, as far as a worker knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It is running.
    Running,
    /// It is stopping: workers finish their jobs.
    Stopping,
    /// It has failed, for this reason.
    Failed(String),
    /// It hasn't answered for the time of a lease.
    Silent,
}

/// The running flag.
#[derive(Clone, Debug)]
pub struct Running {
    state: watch::Receiver<State>,
}

impl Running {
    /// Whether the worker should go on.
    pub fn is_held(&self) -> bool {
        *self.state.borrow() == State::Running
    }

    /// Waits until the worker should stop.
    pub async fn ended(&mut self) {
        // The channel is closed only when the runtime ends.
        let _ = self.state.wait_for(|state| *state != State::Running).await;
    }

    /// Waits until nobody expects the worker's records any more, and returns the reason.
    pub async fn lost(&mut self) -> io::Error {
        let is_lost = |state: &State| matches!(state, State::Failed(_) | State::Silent);
        match self.state.wait_for(is_lost).await.as_deref() {
            Ok(State::Failed(sentence)) => io::Error::other(format!("the service failed: {sentence}")),
            _ => io::Error::other(format!("the service hasn't answered for {} s", LEASE.as_secs())),
        }
    }
}

/// Joins the service. Returns the service's answer, the time at which the service started on the clock of this process, and
/// the running flag.
///
/// # Errors
///
/// If no service answers within `limit`.
pub async fn join(
    broker: &Broker,
    worker: Option<WorkerId>,
    limit: Duration,
) -> io::Result<(Welcome, std::time::Instant, Running)> {
    let deadline = Instant::now() + limit;
    let stopped = broker.client.subscribe(broker.names.stop()).await.map_err(io::Error::other)?;
    let (welcome, sent, received) = loop {
        let sent = std::time::Instant::now();
        match ask(broker, worker).await {
            Ok(welcome) => break (welcome, sent, std::time::Instant::now()),
            Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
            Err(_) => {
                return Err(io::Error::other(format!(
                    "no service uses the subject {} of these brokers: start one with --role=submit",
                    broker.names.members()
                )));
            }
        }
    };
    let (tell, state) = watch::channel(welcome.state.clone());
    tokio::spawn(renew(broker.clone(), welcome.worker, sent.into(), stopped, tell));
    let origin = report::origin(sent, received, welcome.at);
    Ok((welcome, origin, Running { state }))
}

// ANCHOR: renew
async fn renew(
    broker: Broker,
    worker: WorkerId,
    mut renewed: Instant,
    mut stopped: Subscriber,
    tell: watch::Sender<State>,
) {
    let mut ticks = interval(RENEWAL);
    loop {
        select! {
            Some(_) = stopped.next() => {}
            () = sleep_until(renewed + LEASE) => break,
            _ = ticks.tick() => {}
        }
        let asked = Instant::now();
        if let Ok(Ok(answer)) = timeout_at(renewed + LEASE, ask(&broker, Some(worker))).await {
            renewed = asked;
            tell.send_replace(answer.state);
        }
    }
    tell.send_replace(State::Silent);
}
// ANCHOR_END: renew

async fn ask(broker: &Broker, worker: Option<WorkerId>) -> io::Result<Welcome> {
    request(broker, &Request { worker, failed: None }).await
}

/// Reports to the service that this worker can't go on, so that the service fails with this error. A full broker stores no
/// message, but it still passes messages on. Returns when the service has answered, or after [`LEASE`] without an answer.
pub async fn fail(broker: &Broker, worker: WorkerId, error: &io::Error) {
    let failure = Request { worker: Some(worker), failed: Some(error.to_string()) };
    let told = async {
        while request(broker, &failure).await.is_err() {
            sleep(PAUSE).await;
        }
    };
    // Without an answer, the service is gone, or sees this worker end.
    let _ = timeout(LEASE, told).await;
}

async fn request(broker: &Broker, request: &Request) -> io::Result<Welcome> {
    let subject = broker.names.members();
    let answer = broker.client.request(subject.clone(), to_json(request)).await;
    from_json(&answer.map_err(io::Error::other)?.payload, &subject)
}
