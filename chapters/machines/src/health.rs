//! Whether the brokers still do their work. If they don't, the service fails with a sentence instead of waiting forever.
//!
//! A publisher gets no answer from a broker that is dead, that hangs, or whose disk is full. During an election, it gets
//! none either, and an election passes. So the service doesn't rely on a single timeout but asks three questions, twice a
//! second:
//!
//! - Do the brokers greet a client? A dead broker refuses the connection, and one that hangs doesn't greet.
//! - Do they store a message? nats-server 2.9 neither stores nor refuses one when its disk is full.
//! - If they don't: can this process write to the folder in which its own brokers store their messages?
//!
//! | the brokers | verdict |
//! | --- | --- |
//! | store nothing, and have less than a MiB of space in their folder | after a second or two |
//! | refuse the message | at once |
//! | don't greet, or too few of them for a quorum | after seven seconds (`LIMIT`) |
//! | greet, but the only broker stores nothing | after seven seconds |
//! | greet, but the cluster stores nothing | after a minute (`ELECTION_LIMIT`), because it may be electing a leader |

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::ServerAddr;
use chapters::record::BrokerId;
use futures_util::future::join_all;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use crate::broker::{Broker, NOBODY, to_json};
use crate::report::Report;

/// How long brokers may be absent, or a single one store nothing. Less than ten seconds, which is how long the service may
/// take to report it.
const LIMIT: Duration = Duration::from_secs(7);
/// How long a cluster may store nothing, or a broker that is started again. An election takes about ten seconds, and longer
/// on a busy machine.
const ELECTION_LIMIT: Duration = Duration::from_secs(60);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// The pause between two verdicts.
const TICK: Duration = Duration::from_millis(50);
/// How long nothing is stored before the disk is checked.
const SUSPICIOUS: Duration = Duration::from_secs(1);
/// The beginning of the line with which a broker greets its clients.
const GREETING: [u8; 5] = *b"INFO ";
/// The size of the file that is written to find out whether the disk is full. A broker writes many messages at once, so it
/// fails before the last byte is used.
const PROBE: usize = 1 << 20;

/// Watches the brokers of a service. The task ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Health {
    failed: watch::Receiver<Option<String>>,
    seen: Arc<Mutex<Seen>>,
}

/// The observations.
#[derive(Debug)]
struct Seen {
    /// When enough brokers greeted last.
    greeted: Instant,
    /// How many brokers greeted last.
    greeting: usize,
    /// When a message was stored last. `None` while the streams don't exist.
    stored: Option<Instant>,
    /// Why the brokers have refused a message.
    refused: Option<String>,
    /// Why the brokers can't store anything in their folder.
    full: Option<String>,
    /// The brokers that the service has killed, and whether they have been started again since.
    killed: BTreeMap<BrokerId, bool>,
}

impl Health {
    /// Starts to watch the brokers at the addresses `servers`. If they are the demo's own, they store their messages in the
    /// folder `storage`.
    pub fn start(broker: &Broker, servers: &[ServerAddr], storage: Option<&Path>) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            greeted: Instant::now(),
            greeting: servers.len(),
            stored: None,
            refused: None,
            full: None,
            killed: BTreeMap::new(),
        }));
        let (tell, failed) = watch::channel(None);
        let judge = Judge {
            seen: seen.clone(),
            list: broker.servers().to_owned(),
            total: servers.len(),
            // A client of other people's brokers may know only some of them.
            quorum: if storage.is_some() || servers.len() > 2 { servers.len() / 2 + 1 } else { 1 },
            is_cluster: broker.client.server_info().cluster.is_some(),
        };
        let (broker, servers, storage) = (broker.clone(), servers.to_vec(), storage.map(Path::to_owned));
        tokio::spawn(async move {
            let looked = async {
                tokio::join!(greet(&judge, &servers), store(&judge, &broker), check_disk(&judge, storage));
            };
            let judged = async {
                loop {
                    sleep(TICK).await;
                    if let Some(sentence) = judge.verdict(Instant::now()) {
                        break tell.send_replace(Some(sentence));
                    }
                }
            };
            tokio::select! {
                () = looked => {}
                _ = judged => {}
                () = tell.closed() => {}
            }
        });
        Self { failed, seen }
    }

    /// The streams exist: from now on, the brokers must store messages.
    pub fn expect_storage(&self) {
        locked(&self.seen).stored = Some(Instant::now());
    }

    /// The service has killed a broker, whose absence isn't a fault.
    pub fn note_kill(&self, broker: BrokerId) {
        locked(&self.seen).killed.insert(broker, false);
    }

    /// The broker has been started again, and may need a while.
    pub fn note_restart(&self, broker: BrokerId) {
        locked(&self.seen).killed.insert(broker, true);
    }

    /// Whether enough brokers greet their clients.
    pub fn is_reachable(&self) -> bool {
        locked(&self.seen).greeted.elapsed() < ANSWER + PAUSE
    }

    /// Waits until the brokers can't go on, and returns the reason. Cancel safe.
    pub async fn failed(&mut self) -> io::Error {
        match self.failed.wait_for(Option::is_some).await {
            Ok(sentence) => io::Error::other(sentence.clone().unwrap_or_default()),
            // The task has ended without a verdict, because the runtime ends.
            Err(_) => std::future::pending().await,
        }
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The observations, and the number of brokers that a verdict requires.
struct Judge {
    seen: Arc<Mutex<Seen>>,
    /// The addresses of the brokers.
    list: String,
    total: usize,
    quorum: usize,
    is_cluster: bool,
}

impl Judge {
    /// The reason that the brokers can't go on, if there is one.
    fn verdict(&self, now: Instant) -> Option<String> {
        let seen = locked(&self.seen);
        let Self { list, total, .. } = self;
        let brokers = if *total == 1 { "the broker" } else { "the brokers" };
        if let Some(reason) = seen.full.as_ref().or(seen.refused.as_ref()) {
            return Some(reason.clone());
        }
        if now - seen.greeted > LIMIT {
            return Some(match (seen.greeting, *total) {
                (0, 1) => format!("{brokers} at {list} doesn't answer"),
                (0, _) => format!("{brokers} at {list} don't answer"),
                (some, _) => format!("no quorum: only {some} of the {total} brokers at {list} answer"),
            });
        }
        let silence = now - seen.stored?;
        if self.is_cluster || !seen.killed.is_empty() {
            (silence > ELECTION_LIMIT)
                .then(|| format!("{brokers} at {list} have stored nothing for {} s", ELECTION_LIMIT.as_secs()))
        } else {
            (silence > LIMIT)
                .then(|| format!("{brokers} at {list} answers, but stores nothing: check whether its disk is full"))
        }
    }
}

/// Counts the brokers that greet their clients.
async fn greet(judge: &Judge, servers: &[ServerAddr]) {
    loop {
        let begun = Instant::now();
        let greeting = join_all(servers.iter().map(greets)).await;
        {
            let mut seen = locked(&judge.seen);
            for (number, _) in (0..).zip(&greeting).filter(|(_, greets)| **greets) {
                if seen.killed.get(&BrokerId(number)) == Some(&true) {
                    seen.killed.remove(&BrokerId(number));
                }
            }
            let counts = |(number, greets): (u32, &bool)| *greets || seen.killed.contains_key(&BrokerId(number));
            seen.greeting = (0..).zip(&greeting).filter(|it| counts(*it)).count();
            if seen.greeting >= judge.quorum {
                seen.greeted = begun;
            }
        }
        sleep(PAUSE).await;
    }
}

async fn greets(server: &ServerAddr) -> bool {
    let greeting = async {
        let mut connection = TcpStream::connect((server.host(), server.port())).await?;
        let mut beginning = GREETING;
        connection.read_exact(&mut beginning).await?;
        io::Result::Ok(beginning == GREETING)
    };
    matches!(timeout(ANSWER, greeting).await, Ok(Ok(true)))
}

/// Stores an empty report of no worker, again and again.
async fn store(judge: &Judge, broker: &Broker) {
    for number in 0.. {
        sleep(PAUSE).await;
        if locked(&judge.seen).stored.is_none() {
            continue;
        }
        let begun = Instant::now();
        let report = to_json(&Report { worker: NOBODY, number, records: Vec::new(), peak_rss: 0 });
        let (stream, id) = (broker.names.records(), format!("health-{number}"));
        match timeout(ANSWER, broker.try_publish(&stream, &id, report)).await {
            Ok(Ok(true)) => locked(&judge.seen).stored = Some(begun),
            Ok(Err(error)) => locked(&judge.seen).refused = Some(error.to_string()),
            Ok(Ok(false)) | Err(_) => {}
        }
    }
}

/// Checks whether the folder of the brokers can be written to, while they store nothing.
async fn check_disk(judge: &Judge, storage: Option<PathBuf>) {
    let Some(folder) = storage else { return };
    let mut failed_before = false;
    loop {
        sleep(PAUSE).await;
        let is_suspicious = locked(&judge.seen).stored.is_none_or(|stored| stored.elapsed() > SUSPICIOUS);
        let file = folder.join("probe");
        let written = if is_suspicious { spawn_blocking(move || probe(&file)).await } else { Ok(Ok(())) };
        match written {
            // The folder disappears only when the service ends.
            Ok(Err(error)) if error.kind() != ErrorKind::NotFound => {
                if failed_before {
                    let folder = folder.display();
                    let sentence = format!("the brokers can't store anything in {folder}: {error}");
                    locked(&judge.seen).full = Some(sentence);
                }
                failed_before = true;
            }
            _ => failed_before = false,
        }
    }
}

/// Writes a file and removes it.
fn probe(file: &Path) -> io::Result<()> {
    let written = fs::write(file, vec![0; PROBE]);
    // It may not exist.
    let _ = fs::remove_file(file);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A judge of `total` brokers, all of which greeted and stored a message just now.
    fn judge(total: usize) -> (Judge, Instant) {
        let now = Instant::now();
        let seen = Seen {
            greeted: now,
            greeting: total,
            stored: Some(now),
            refused: None,
            full: None,
            killed: BTreeMap::new(),
        };
        let (seen, list) = (Arc::new(Mutex::new(seen)), "LIST".to_owned());
        (Judge { seen, list, total, quorum: total / 2 + 1, is_cluster: total > 1 }, now)
    }

    fn words(judge: &Judge, now: Instant) -> String {
        judge.verdict(now).unwrap_or_default()
    }

    #[test]
    fn absent_brokers_are_counted() {
        for (total, greeting, expected) in [
            (1, 0, "the broker at LIST doesn't answer"),
            (3, 0, "the brokers at LIST don't answer"),
            (3, 1, "no quorum: only 1 of the 3 brokers at LIST answer"),
        ] {
            let (judge, now) = judge(total);
            locked(&judge.seen).greeting = greeting;
            assert_eq!(words(&judge, now + LIMIT), "");
            assert_eq!(words(&judge, now + LIMIT + TICK), expected);
        }
    }

    #[test]
    fn an_election_may_take_longer_than_a_single_broker_may_be_silent() {
        for (total, killed, limit) in [(1, false, LIMIT), (1, true, ELECTION_LIMIT), (3, false, ELECTION_LIMIT)] {
            let (judge, now) = judge(total);
            locked(&judge.seen).greeted = now + 2 * ELECTION_LIMIT;
            if killed {
                locked(&judge.seen).killed.insert(BrokerId(0), true);
            }
            assert_eq!(words(&judge, now + limit), "");
            assert!(words(&judge, now + limit + TICK).contains("nothing"));
        }
    }

    #[test]
    fn nothing_must_be_stored_before_the_streams_exist() {
        let (judge, now) = judge(1);
        let mut seen = locked(&judge.seen);
        (seen.stored, seen.greeted) = (None, now + 2 * ELECTION_LIMIT);
        drop(seen);
        assert_eq!(words(&judge, now + 2 * ELECTION_LIMIT), "");
    }

    #[test]
    fn a_full_disk_is_named_at_once() {
        let (judge, now) = judge(3);
        locked(&judge.seen).full = Some("full".to_owned());
        assert_eq!(words(&judge, now), "full");
    }
}
