//! Whether the brokers still do their work. If they don't, the service fails with a message instead of waiting forever.
//!
//! A publisher gets no answer from a broker that is dead, that hangs, or whose disk is full. It doesn't get one during
//! an election, either, but an election ends. So the service doesn't rely on a single timeout but asks three questions,
//! twice a second:
//!
//! - Do the brokers greet a client? A dead broker refuses the connection, and one that hangs doesn't greet. The greeting says
//!   whether the broker has JetStream, which nats-server 2.9 turns off when its disk is full, and which other brokers
//!   it knows.
//! - Do they store a message?
//! - If they don't: can this process write to the folder in which its own brokers store their messages?
//!
//! | the brokers | verdict |
//! | --- | --- |
//! | store nothing, and have less than a MiB of space in their folder | after a second or two |
//! | refuse the message | at once |
//! | had no JetStream when the service started | at once |
//! | don't greet, or too few of them for a quorum | after seven seconds (`LIMIT`) |
//! | greet, but store nothing | after seven seconds |
//! | the same, but may be electing a leader, because one of them has been missing | after a minute (`ELECTION_LIMIT`) |
//!
//! The demo's own cluster always has a minute to elect a leader, because a probe of its folder finds out whether the disk is full.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{ServerAddr, ServerInfo};
use chapters::record::BrokerId;
use futures_util::future::join_all;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use crate::broker::{self, Broker};
use crate::report;

/// How long brokers may be absent, or store nothing. Less than ten seconds, which is how long the service may take to report
/// it.
const LIMIT: Duration = Duration::from_secs(7);
/// How long a cluster that has lost a broker may store nothing, or a broker that is started again. An election takes about
/// ten seconds, and longer on a busy machine.
pub(crate) const ELECTION_LIMIT: Duration = Duration::from_secs(60);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// The pause between two verdicts.
const TICK: Duration = Duration::from_millis(50);
/// How long nothing is stored before the disk is checked.
const SUSPICIOUS: Duration = Duration::from_secs(1);
/// The beginning of the line with which a broker greets its clients. The rest is JSON.
const GREETING: &str = "INFO ";
/// The longest greeting, in bytes.
const LONGEST_GREETING: u64 = 1 << 16;
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
    /// How many of them had JetStream.
    storing: usize,
    /// The number of addresses in the last greetings: those of all brokers that are in the cluster now.
    announced: usize,
    /// The largest such number so far.
    most_announced: usize,
    /// When a broker was missing last.
    missed: Option<Instant>,
    /// The connection on which messages are stored. `None` while the streams don't exist.
    broker: Option<Broker>,
    /// When a message was stored last.
    stored: Option<Instant>,
    /// When the service began to wait for the confirmation of a job. The stream of jobs may fail alone.
    unconfirmed: Option<Instant>,
    /// Why the brokers have refused a message.
    refused: Option<String>,
    /// Why the brokers can't store anything in their folder.
    full: Option<String>,
    /// The brokers that the service has killed, and whether they have been started again since.
    killed: BTreeMap<BrokerId, bool>,
}

impl Seen {
    /// `total` brokers, of which nothing is known yet.
    fn new(total: usize) -> Self {
        Self {
            greeted: Instant::now(),
            greeting: total,
            storing: total,
            announced: 0,
            most_announced: 0,
            missed: None,
            broker: None,
            stored: None,
            unconfirmed: None,
            refused: None,
            full: None,
            killed: BTreeMap::new(),
        }
    }

    /// Since when the brokers have owed a confirmation. `None` while the streams don't exist.
    fn silent_since(&self) -> Option<Instant> {
        self.stored.map(|stored| self.unconfirmed.map_or(stored, |begun| begun.min(stored)))
    }

    /// Takes the greetings of all brokers, in reply to connections made at the time `asked`. `None` stands for a broker that
    /// didn't greet.
    fn take(&mut self, greetings: &[Option<ServerInfo>], quorum: usize, asked: Instant) {
        let greetings: Vec<_> = (0..).map(BrokerId).zip(greetings).collect();
        if !self.killed.is_empty() || greetings.iter().any(|(_, greeting)| greeting.is_none()) {
            self.missed = Some(asked);
        }
        for (id, _) in greetings.iter().filter(|(_, greeting)| greeting.is_some()) {
            if self.killed.get(id) == Some(&true) {
                self.killed.remove(id);
            }
        }
        // A broker that the service has killed counts as present.
        let count = |counts: fn(&ServerInfo) -> bool| {
            let counts = |(id, greeting): &&(BrokerId, &Option<ServerInfo>)| {
                greeting.as_ref().map_or(self.killed.contains_key(id), counts)
            };
            greetings.iter().filter(counts).count()
        };
        (self.greeting, self.storing) = (count(|_| true), count(|greeting| greeting.jetstream));
        if self.greeting >= quorum {
            self.greeted = asked;
        }
        let addresses = greetings.iter().filter_map(|(_, greeting)| Some(greeting.as_ref()?.connect_urls.len()));
        self.announced = addresses.max().unwrap_or(self.announced);
        self.most_announced = self.most_announced.max(self.announced);
        if self.announced < self.most_announced {
            self.missed = Some(asked);
        }
    }
}

impl Health {
    /// Starts to watch the brokers at the addresses `servers`. If they are the demo's own, they store their messages in the
    /// folder `storage`.
    pub fn start(servers: &[ServerAddr], storage: Option<&Path>) -> Self {
        let seen = Arc::new(Mutex::new(Seen::new(servers.len())));
        let (tell, failed) = watch::channel(None);
        let judge = Judge {
            seen: seen.clone(),
            begun: Instant::now(),
            list: broker::list(servers),
            total: servers.len(),
            // A client of other people's brokers may know only some of them.
            quorum: if storage.is_some() || servers.len() > 2 { servers.len() / 2 + 1 } else { 1 },
            are_own: storage.is_some(),
        };
        let (servers, storage) = (servers.to_vec(), storage.map(Path::to_owned));
        tokio::spawn(async move {
            let looked = async {
                tokio::join!(greet(&judge, &servers), store(&judge), check_disk(&judge, storage));
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

    /// The streams exist, and a message has been stored: from now on, the brokers must store messages on this connection.
    pub fn expect_storage(&self, broker: &Broker) {
        let mut seen = locked(&self.seen);
        (seen.broker, seen.stored) = (Some(broker.clone()), Some(Instant::now()));
    }

    /// The service began at this time to wait for the confirmation of a job, or the confirmation has come (`None`).
    pub fn note_unconfirmed(&self, begun: Option<Instant>) {
        locked(&self.seen).unconfirmed = begun;
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
    begun: Instant,
    /// The addresses of the brokers.
    list: String,
    total: usize,
    quorum: usize,
    /// Whether the demo has started the brokers.
    are_own: bool,
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
        let silence = now - seen.silent_since().unwrap_or(self.begun);
        let lack_storage = seen.greeting >= self.quorum && seen.storing < self.quorum;
        if lack_storage && seen.stored.is_none() && !self.are_own || lack_storage && silence > LIMIT {
            return Some(match (seen.storing, *total) {
                (0, 1) => broker::no_jetstream(list),
                (0, _) => {
                    format!("{brokers} at {list} have no JetStream: their disks are full, or the flag -js is missing")
                }
                (some, _) => format!(
                    "no quorum: only {some} of the {total} brokers at {list} has JetStream; the disks of the others may be full"
                ),
            });
        }
        // The creation of the streams has a limit of its own.
        seen.stored?;
        if silence <= LIMIT {
            None
        } else if seen.greeting >= self.quorum && seen.most_announced > 0 && 2 * seen.announced <= seen.most_announced {
            Some(format!("no quorum: most brokers in the cluster of {list} are gone"))
        } else if self.may_be_electing(&seen, now) {
            let limit = ELECTION_LIMIT.as_secs();
            (silence > ELECTION_LIMIT).then(|| format!("{brokers} at {list} have stored nothing for {limit} s"))
        } else if *total == 1 {
            Some(format!("{brokers} at {list} answers, but stores nothing: check whether its disk is full"))
        } else {
            Some(format!("{brokers} at {list} answer, but store nothing: check whether their disks are full"))
        }
    }

    /// Whether the brokers may be electing a leader, or a broker may be reading what it had stored before it ended.
    fn may_be_electing(&self, seen: &Seen, now: Instant) -> bool {
        let has_missed = seen.missed.is_some_and(|missed| now - missed <= ELECTION_LIMIT);
        has_missed || self.are_own && self.total > 1
    }
}

/// Asks the brokers for their greetings, again and again.
async fn greet(judge: &Judge, servers: &[ServerAddr]) {
    loop {
        let asked = Instant::now();
        let greetings = join_all(servers.iter().map(greeting)).await;
        locked(&judge.seen).take(&greetings, judge.quorum, asked);
        sleep(PAUSE).await;
    }
}

/// The greeting of a broker, unless it takes too long or isn't that of a broker.
async fn greeting(server: &ServerAddr) -> Option<ServerInfo> {
    let greeting = async {
        let connection = TcpStream::connect((server.host(), server.port())).await?;
        let mut line = String::new();
        BufReader::new(connection.take(LONGEST_GREETING)).read_line(&mut line).await?;
        io::Result::Ok(line)
    };
    let line = timeout(ANSWER, greeting).await.ok()?.ok()?;
    serde_json::from_str(line.strip_prefix(GREETING)?).ok()
}

/// Stores an empty report, again and again.
async fn store(judge: &Judge) {
    for number in 1.. {
        sleep(PAUSE).await;
        let Some(broker) = locked(&judge.seen).broker.clone() else { continue };
        let begun = Instant::now();
        let (stream, (id, report)) = (broker.names.records(), report::empty(number));
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
        let is_suspicious = locked(&judge.seen).silent_since().is_none_or(|since| since.elapsed() > SUSPICIOUS);
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
    fn judge(total: usize, are_own: bool) -> (Judge, Instant) {
        let now = Instant::now();
        let seen = Seen { greeted: now, stored: Some(now), ..Seen::new(total) };
        let (seen, list) = (Arc::new(Mutex::new(seen)), "LIST".to_owned());
        (Judge { seen, begun: now, list, total, quorum: total / 2 + 1, are_own }, now)
    }

    fn words(judge: &Judge, now: Instant) -> String {
        judge.verdict(now).unwrap_or_default()
    }

    /// A greeting with this number of addresses.
    fn greeting(jetstream: bool, addresses: usize) -> Option<ServerInfo> {
        Some(ServerInfo { jetstream, connect_urls: vec!["address".to_owned(); addresses], ..ServerInfo::default() })
    }

    /// Repeats the same greetings, without storing anything, until there is a verdict. Returns it and the time that it took.
    fn verdict_on(judge: &Judge, greetings: &[Option<ServerInfo>], begin: Instant) -> (Duration, String) {
        let mut now = begin;
        loop {
            locked(&judge.seen).take(greetings, judge.quorum, now);
            if let Some(sentence) = judge.verdict(now) {
                return (now - begin, sentence);
            }
            now += TICK;
        }
    }

    #[test]
    fn absent_brokers_are_counted() {
        for (total, greeting, expected) in [
            (1, 0, "the broker at LIST doesn't answer"),
            (3, 0, "the brokers at LIST don't answer"),
            (3, 1, "no quorum: only 1 of the 3 brokers at LIST answer"),
        ] {
            let (judge, now) = judge(total, true);
            locked(&judge.seen).greeting = greeting;
            assert_eq!(words(&judge, now + LIMIT), "");
            assert_eq!(words(&judge, now + LIMIT + TICK), expected);
        }
    }

    #[test]
    fn brokers_that_greet_and_store_nothing_are_reported_within_ten_seconds() {
        for total in [1, 2, 3, 5] {
            let (judge, now) = judge(total, false);
            let (after, sentence) = verdict_on(&judge, &vec![greeting(true, total); total], now);
            assert!(after <= LIMIT + TICK && sentence.contains("nothing: check whether"), "{after:?}: {sentence}");
        }
    }

    #[test]
    fn a_stream_of_jobs_that_stores_nothing_is_reported_within_ten_seconds() {
        let (judge, now) = judge(3, false);
        let greetings = vec![greeting(true, 3); 3];
        (locked(&judge.seen).stored, locked(&judge.seen).unconfirmed) = (Some(now + LIMIT), Some(now));
        let (after, sentence) = verdict_on(&judge, &greetings, now + LIMIT);
        assert!(after <= TICK && sentence.contains("store nothing"), "{after:?}: {sentence}");
        locked(&judge.seen).unconfirmed = None;
        assert_eq!(words(&judge, now + LIMIT + TICK), "");
    }

    #[test]
    fn an_election_may_take_longer() {
        for (total, are_own, missing) in [(3, true, false), (3, true, true), (3, false, true), (1, true, true)] {
            let (judge, now) = judge(total, are_own);
            if missing {
                locked(&judge.seen).missed = Some(now);
            }
            let (after, sentence) = verdict_on(&judge, &vec![greeting(true, total); total], now);
            assert!(after > ELECTION_LIMIT && sentence.contains("nothing"), "{after:?}: {sentence}");
        }
    }

    #[test]
    fn a_broker_may_be_missing_that_the_client_does_not_know() {
        let (one, now) = judge(1, false);
        locked(&one.seen).take(&[greeting(true, 3)], 1, now);
        let (after, sentence) = verdict_on(&one, &[greeting(true, 2)], now);
        assert!(after > ELECTION_LIMIT, "{after:?}: {sentence}");

        let (one, now) = judge(1, false);
        locked(&one.seen).take(&[greeting(true, 3)], 1, now);
        let (after, sentence) = verdict_on(&one, &[greeting(true, 1)], now);
        assert!(after <= LIMIT + TICK && sentence.contains("no quorum: most brokers"), "{after:?}: {sentence}");
    }

    #[test]
    fn brokers_that_have_turned_jetstream_off_are_reported_within_ten_seconds() {
        for (storing, expected) in
            [(0, "the brokers at LIST have no JetStream"), (1, "no quorum: only 1 of the 3 brokers")]
        {
            let greetings: Vec<_> = (0..3).map(|number| greeting(number < storing, 3)).collect();
            for are_own in [false, true] {
                let (judge, now) = judge(3, are_own);
                let (after, sentence) = verdict_on(&judge, &greetings, now);
                assert!(after <= LIMIT + TICK && sentence.contains(expected), "{after:?}: {sentence}");
            }
            let (judge, now) = judge(3, false);
            locked(&judge.seen).stored = None;
            let (after, sentence) = verdict_on(&judge, &greetings, now);
            assert!(after.is_zero() && sentence.contains(expected), "{after:?}: {sentence}");
        }
    }

    #[test]
    fn brokers_that_are_absent_at_the_start_do_not_lack_jetstream() {
        let (judge, now) = judge(3, false);
        locked(&judge.seen).stored = None;
        let (after, sentence) = verdict_on(&judge, &[None, None, greeting(true, 3)], now);
        assert!(after > LIMIT && sentence.contains("only 1 of the 3 brokers at LIST answer"), "{after:?}: {sentence}");
    }

    #[test]
    fn one_of_three_brokers_may_lack_jetstream() {
        let (judge, now) = judge(3, false);
        let greetings = [greeting(true, 3), greeting(false, 3), greeting(true, 3)];
        locked(&judge.seen).take(&greetings, 2, now);
        locked(&judge.seen).stored = Some(now + LIMIT);
        assert_eq!(words(&judge, now + LIMIT), "");
    }

    #[test]
    fn a_broker_that_was_killed_on_purpose_counts_as_present() {
        let (judge, now) = judge(1, true);
        locked(&judge.seen).killed.insert(BrokerId(0), false);
        locked(&judge.seen).take(&[None], 1, now);
        let seen = locked(&judge.seen);
        assert_eq!((seen.greeting, seen.storing, seen.greeted), (1, 1, now));
    }

    #[test]
    fn nothing_must_be_stored_before_the_streams_exist() {
        let (judge, now) = judge(1, false);
        let mut seen = locked(&judge.seen);
        (seen.stored, seen.greeted) = (None, now + 2 * ELECTION_LIMIT);
        drop(seen);
        assert_eq!(words(&judge, now + 2 * ELECTION_LIMIT), "");
    }

    #[test]
    fn a_full_disk_is_named_at_once() {
        let (judge, now) = judge(3, true);
        locked(&judge.seen).full = Some("full".to_owned());
        assert_eq!(words(&judge, now), "full");
    }
}
