//! The records of a worker, on their way to the service.
//!
//! A worker never waits for its records to arrive. A task collects them, sends them in one message, waits until the
//! broker has stored the message, and only then acknowledges the jobs that were completed in it. While it waits, the
//! next records accumulate, so a busy worker sends fewer messages per record.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chapters::record::{Event, Record, WorkerId};
use chapters::usage;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use crate::broker::{Broker, NOBODY, to_json};
use crate::member;
use crate::queue::{Ack, Delivery, Leases};

/// The maximum number of records in a message, which keeps it far smaller than the broker's limit of a megabyte.
const MOST: usize = 1000;

/// A message with records of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// The worker.
    pub worker: WorkerId,
    /// The number of this message among those of the worker, from 0.
    pub number: u64,
    /// The records, in the order in which the worker made them, with estimated times of the service's clock.
    pub records: Vec<Record>,
    /// The peak of the worker's memory so far, in bytes.
    pub peak_rss: u64,
}

/// The ID and the payload of a report without records, which shows whether the brokers store anything.
pub(crate) fn empty(number: u64) -> (String, Bytes) {
    let report = Report { worker: NOBODY, number, records: Vec::new(), peak_rss: 0 };
    (format!("empty-{number}"), to_json(&report))
}

/// A record, and the job that may be acknowledged as soon as the record is stored.
type Entry = (Record, Option<Ack>);

/// Records the events of one worker.
#[derive(Debug)]
pub struct Reporter {
    worker: WorkerId,
    origin: Instant,
    entries: UnboundedSender<Entry>,
    sender: JoinHandle<io::Result<()>>,
}

impl Reporter {
    /// Starts to send the records of `worker`. `origin` is the estimated time at which the service started.
    pub fn start(broker: &Broker, worker: WorkerId, origin: Instant, leases: Leases) -> Self {
        let (entries, received) = mpsc::unbounded_channel();
        let sender = tokio::spawn(send(broker.clone(), worker, received, leases));
        Self { worker, origin, entries, sender }
    }

    /// Records that `event` happens now, and returns the time.
    pub fn record(&self, event: Event) -> Instant {
        self.add(event, None)
    }

    /// Records the end of a job. The job is acknowledged when the record is stored.
    pub fn record_end(&self, event: Event, delivery: Delivery) -> Instant {
        self.add(event, Some(delivery.ack))
    }

    fn add(&self, event: Event, ack: Option<Ack>) -> Instant {
        let now = Instant::now();
        let at = now.saturating_duration_since(self.origin);
        // The sender ends after this end of the channel has been dropped, or when the broker refuses a record.
        let _ = self.entries.send((Record { at, worker: Some(self.worker), event }, ack));
        now
    }

    /// Waits until all records have been stored, and all jobs acknowledged.
    ///
    /// # Errors
    ///
    /// If the broker has refused records, for example because its storage is full. The service knows it already.
    pub async fn finish(self) -> io::Result<()> {
        drop(self.entries);
        // If the sender panicked, its message is on standard error.
        self.sender.await.unwrap_or(Ok(()))
    }
}

async fn send(
    broker: Broker,
    worker: WorkerId,
    mut received: UnboundedReceiver<Entry>,
    leases: Leases,
) -> io::Result<()> {
    let mut entries = Vec::new();
    for number in 0.. {
        entries.clear();
        if received.recv_many(&mut entries, MOST).await == 0 {
            break;
        }
        let records = entries.iter().map(|(record, _)| record.clone()).collect();
        let report = Report { worker, number, records, peak_rss: usage::peak_rss() };
        // ANCHOR: send
        let id = format!("{worker}-{number}");
        if let Err(error) = broker.publish(&broker.names.records(), &id, to_json(&report)).await {
            // The broker refuses records. The jobs stay unacknowledged, and the service stops.
            member::fail(&broker, worker, &error).await;
            return Err(error);
        }
        for ack in entries.iter().filter_map(|(_, ack)| ack.as_ref()) {
            leases.end(ack).await;
        }
        // ANCHOR_END: send
    }
    let _ = broker.client.flush().await;
    Ok(())
}

// ANCHOR: origin
/// The time from which a worker's records count, if the service's clock showed `at` in the middle of the time between
/// `sent` and `received`.
pub fn origin(sent: Instant, received: Instant, at: Duration) -> Instant {
    let middle = sent + (received - sent) / 2;
    middle.checked_sub(at).unwrap_or(sent)
}
// ANCHOR_END: origin

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_taken_to_be_half_a_round_trip_old() {
        let sent = Instant::now() + Duration::from_secs(60);
        let received = sent + Duration::from_millis(10);
        let origin = origin(sent, received, Duration::from_secs(2));
        assert_eq!(received - origin, Duration::from_millis(2005));
    }
}
