//! A broker, a database on disk, and consumers that are processes of their own, so that they can be killed.
//!
//! The broker is `nats-server`, which the package `machines` starts. A consumer is the program of the check, started again with
//! other arguments. Nothing here depends on the speed of the machine: a slow consumer gets a payment more often, and an
//! idempotent one doesn't mind.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy};
use async_nats::jetstream::{self, Context};
use futures_util::future::join_all;
use machines::keeper::{self, Keeper};
use nix::sys::signal::{Signal, raise};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::threads::{Looks, Thread};

/// When the broker delivers a payment again.
const ACK_WAIT: Duration = Duration::from_secs(1);

/// How often the check looks at the broker and at the consumers.
const PAUSE: Duration = Duration::from_millis(10);

/// For how many looks an idle consumer is watched, and how often it may wake up.
const WATCHED: usize = 60;
const TIMES: u64 = 20;

/// A payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Two payments with the same number are the same one.
    pub number: u64,
    /// How much to add to the balance.
    pub amount: u64,
}

impl Payment {
    /// Reads the payload of a message.
    ///
    /// # Errors
    ///
    /// If it isn't a payment.
    pub fn read(payload: &[u8]) -> io::Result<Self> {
        let words = std::str::from_utf8(payload).ok().and_then(|text| text.split_once(' '));
        let numbers = words.and_then(|(number, amount)| Some((number.parse().ok()?, amount.parse().ok()?)));
        let (number, amount) = numbers.ok_or_else(|| io::Error::other("a message isn't a payment"))?;
        Ok(Self { number, amount })
    }
}

/// The tables of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The sum of the payments.
    pub balance: u64,
    /// The numbers of payments, or whatever you need them for.
    pub done: BTreeSet<u64>,
}

impl Tables {
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().ok());
        Some(Self { balance: numbers.next()??, done: numbers.collect::<Option<_>>()? })
    }

    fn write(&self) -> String {
        let done: Vec<String> = self.done.iter().map(u64::to_string).collect();
        format!("{} {}", self.balance, done.join(" "))
    }
}

/// An accident of a consumer, during the transaction with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    No,
    /// It's killed before the transaction is stored.
    BeforeCommit(usize),
    /// It's killed after the transaction was stored.
    AfterCommit(usize),
    /// It waits until another consumer has stored a transaction.
    Slow(usize),
}

impl Fault {
    fn words(self) -> [String; 2] {
        let (name, transaction) = match self {
            Self::No => ("no", 0),
            Self::BeforeCommit(transaction) => ("before", transaction),
            Self::AfterCommit(transaction) => ("after", transaction),
            Self::Slow(transaction) => ("slow", transaction),
        };
        [name.to_owned(), transaction.to_string()]
    }

    fn read(name: &str, transaction: &str) -> Option<Self> {
        let transaction = transaction.parse().ok()?;
        Some(match name {
            "no" => Self::No,
            "before" => Self::BeforeCommit(transaction),
            "after" => Self::AfterCommit(transaction),
            "slow" => Self::Slow(transaction),
            _ => return None,
        })
    }
}

/// A database on disk. Its clones are the same database.
#[derive(Clone, Debug)]
pub struct Database {
    folder: PathBuf,
    fault: Fault,
    transactions: Arc<AtomicUsize>,
}

impl Database {
    fn new(folder: PathBuf, fault: Fault) -> Self {
        Self { folder, fault, transactions: Arc::default() }
    }

    /// Changes the tables. All changes are stored at once, even if several processes call this at the same time, and a process
    /// that's killed has stored either all of them or none.
    pub async fn transaction<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        // Real transactions take a while. The client uses the time to send acknowledgments.
        sleep(PAUSE).await;
        let number = self.transactions.fetch_add(1, Relaxed) + 1;
        if self.fault == Fault::Slow(number) {
            self.sign("waiting");
            while !self.folder.join("go").exists() {
                sleep(PAUSE).await;
            }
        }
        let result = self.change(number, change).expect("the database is a file");
        if self.fault == Fault::AfterCommit(number) {
            die();
        }
        result
    }

    fn change<T>(&self, number: usize, change: impl FnOnce(&mut Tables) -> T) -> io::Result<T> {
        // The lock ends with the file, so with the process at the latest.
        let lock = File::create(self.folder.join("lock"))?;
        lock.lock()?;
        let mut tables = self.tables();
        let result = change(&mut tables);
        if self.fault == Fault::BeforeCommit(number) {
            die();
        }
        fs::write(self.folder.join("new"), tables.write())?;
        fs::rename(self.folder.join("new"), self.folder.join("tables"))?;
        Ok(result)
    }

    fn tables(&self) -> Tables {
        let text = fs::read_to_string(self.folder.join("tables")).unwrap_or_default();
        Tables::read(&text).unwrap_or_default()
    }

    /// Creates an empty file, as a sign for another process.
    fn sign(&self, name: &str) {
        File::create(self.folder.join(name)).expect("the folder is there");
    }
}

/// Kills this process.
fn die() -> ! {
    _ = raise(Signal::SIGKILL);
    unreachable!("a killed process does nothing")
}

/// Does the work of a process that the check has started: a consumer, or the keeper of the broker.
pub fn child<F: Future<Output = Result<(), async_nats::Error>>>(
    consume: fn(PullConsumer, Database) -> F,
) -> Option<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["--role=keep", brokers] => {
            let brokers = brokers.strip_prefix("--brokers=").and_then(|count| count.parse().ok());
            keeper::keep(brokers.unwrap_or(1)).map_err(async_nats::Error::from)
        }
        ["--role=consume", server, stream, folder, fault, transaction] => {
            _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
            let fault = Fault::read(fault, transaction)?;
            runtime().map_err(async_nats::Error::from).and_then(|runtime| {
                runtime.block_on(async {
                    let context = jetstream::new(async_nats::connect(server).await?);
                    let payments: PullConsumer = context.get_consumer_from_stream(stream, stream).await?;
                    consume(payments, Database::new(folder.into(), fault)).await
                })
            })
        }
        _ => return None,
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Payments, and an accident of their consumer.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    payments: &'static [(u64, u64)],
    fault: Fault,
}

impl Scenario {
    /// One consumer gets these payments, with their numbers and amounts.
    pub const fn many(payments: &'static [(u64, u64)]) -> Self {
        Self { payments, fault: Fault::No }
    }

    /// A consumer of three payments is killed, and then another one goes on.
    pub const fn killed(fault: Fault) -> Self {
        Self { payments: &[(1, 10), (2, 20), (3, 30)], fault }
    }

    /// A consumer is slow, and another one gets its payment as well.
    pub const fn slow(fault: Fault) -> Self {
        Self { payments: &[(1, 10)], fault }
    }

    /// A sentence about it.
    fn describe(self) -> String {
        let place = |transaction: usize| match transaction {
            1 => "first",
            _ => "second",
        };
        match self.fault {
            Fault::No => format!("{} payments are delivered.", self.payments.len()),
            Fault::BeforeCommit(transaction) => {
                format!("A consumer is killed just before its {} transaction is stored.", place(transaction))
            }
            Fault::AfterCommit(transaction) => {
                format!("A consumer is killed just after its {} transaction was stored.", place(transaction))
            }
            Fault::Slow(transaction) => format!(
                "A consumer is slow at the beginning of its {} transaction, so another one gets the payment, too.",
                place(transaction)
            ),
        }
    }

    /// The balance that's right.
    fn balance(self) -> u64 {
        self.payments.iter().collect::<BTreeSet<_>>().into_iter().map(|(_, amount)| amount).sum()
    }
}

/// The broker of all checks.
struct Broker {
    runtime: Runtime,
    keeper: Keeper,
    context: Context,
    /// How many streams there have been.
    streams: AtomicUsize,
}

impl Broker {
    fn start() -> Result<Self, String> {
        let runtime = runtime().map_err(|error| error.to_string())?;
        let (keeper, context) = runtime.block_on(async {
            let keeper = Keeper::start(1).await.map_err(|error| error.to_string())?;
            let client = async_nats::connect(keeper.servers()).await.map_err(|error| error.to_string())?;
            Ok::<_, String>((keeper, jetstream::new(client)))
        })?;
        Ok(Self { runtime, keeper, context, streams: AtomicUsize::new(0) })
    }
}

/// Runs scenarios at the same time, and reports the first one in which a payment is lost or counted twice.
///
/// # Errors
///
/// When there's one, or when the broker can't be used.
pub fn run_all(scenarios: &[Scenario]) -> Result<(), String> {
    static BROKER: Mutex<Option<Broker>> = Mutex::new(None);
    let mut broker = BROKER.lock().unwrap_or_else(PoisonError::into_inner);
    if broker.is_none() {
        *broker = Some(Broker::start()?);
    }
    let Some(broker) = &*broker else { return Err("There's no broker.".to_owned()) };
    let runs = scenarios.iter().map(|scenario| Run::all(broker, *scenario));
    broker.runtime.block_on(join_all(runs)).into_iter().collect()
}

/// A scenario that's being run.
struct Run<'a> {
    broker: &'a Broker,
    scenario: Scenario,
    stream: String,
    consumer: PullConsumer,
    folder: TempDir,
    database: Database,
}

/// A consumer's process, which ends with this value.
struct Consumer(Child);

impl Consumer {
    /// Its exit status, if it has ended.
    fn end(&mut self) -> Option<String> {
        self.0.try_wait().ok().flatten().map(|status| status.to_string())
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

impl<'a> Run<'a> {
    /// Runs a scenario.
    async fn all(broker: &'a Broker, scenario: Scenario) -> Result<(), String> {
        let run = Self::new(broker, scenario).await.map_err(|error| format!("The broker can't be used: {error}"))?;
        let description = scenario.describe();
        let result = match scenario.fault {
            Fault::No => run.alone().await,
            Fault::BeforeCommit(_) | Fault::AfterCommit(_) => run.killed().await,
            Fault::Slow(_) => run.slow().await,
        };
        result.and_then(|()| run.compare()).map_err(|wrong| format!("{description} {wrong}"))
    }

    /// Creates a stream with the payments.
    async fn new(broker: &'a Broker, scenario: Scenario) -> Result<Self, async_nats::Error> {
        let stream = format!("payments-{}", broker.streams.fetch_add(1, Relaxed));
        let config = Config {
            name: stream.clone(),
            subjects: vec![stream.clone()],
            retention: RetentionPolicy::WorkQueue,
            ..Config::default()
        };
        let created = broker.context.create_stream(config).await?;
        let config = pull::Config {
            durable_name: Some(stream.clone()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            ..pull::Config::default()
        };
        let consumer = created.create_consumer(config).await?;
        for (number, amount) in scenario.payments {
            broker.context.publish(stream.clone(), format!("{number} {amount}").into()).await?.await?;
        }
        let folder = tempfile::tempdir()?;
        let database = Database::new(folder.path().to_owned(), Fault::No);
        Ok(Self { broker, scenario, stream, consumer, folder, database })
    }

    /// Starts a consumer.
    fn start(&self, fault: Fault) -> Result<Consumer, String> {
        let cannot = |error: io::Error| format!("A consumer can't be started: {error}.");
        let mut command = Command::new(env::current_exe().map_err(cannot)?);
        let server = self.broker.keeper.servers().first();
        let server = server.map(|server| format!("nats://{}:{}", server.host(), server.port()));
        command.args(["--role=consume", &server.unwrap_or_default(), &self.stream]).arg(self.folder.path());
        command.args(fault.words()).stdin(Stdio::null());
        command.spawn().map(Consumer).map_err(cannot)
    }

    /// One consumer gets all payments, and then waits.
    async fn alone(&self) -> Result<(), String> {
        let mut consumer = self.start(Fault::No)?;
        self.until_done(&mut consumer).await?;
        let threads = Thread::all_of_process(consumer.0.id());
        let times = || threads.iter().map(Thread::times).sum::<u64>();
        // The last acknowledgment is on its way.
        sleep(10 * PAUSE).await;
        let before = times();
        for _ in 0..WATCHED {
            sleep(PAUSE).await;
        }
        if let Some(status) = consumer.end() {
            return Err(format!("`consume` returned although there may be more payments later ({status})."));
        }
        match times().saturating_sub(before) {
            0..=TIMES => Ok(()),
            _ => Err("There are no more payments, and the consumer keeps waking up: it polls the broker.".to_owned()),
        }
    }

    /// A consumer is killed, and another one goes on.
    async fn killed(&self) -> Result<(), String> {
        let mut first = self.start(self.scenario.fault)?;
        // A consumer that has only one transaction isn't killed during the second one.
        let is_killed = loop {
            if first.end().is_some() {
                break true;
            }
            if self.is_done().await? {
                break false;
            }
            sleep(PAUSE).await;
        };
        if is_killed {
            let mut second = self.start(Fault::No)?;
            self.until_done(&mut second).await?;
        }
        Ok(())
    }

    /// A consumer is slow, and another one gets its payment.
    async fn slow(&self) -> Result<(), String> {
        let mut slow = self.start(self.scenario.fault)?;
        while !self.folder.path().join("waiting").exists() {
            if let Some(status) = slow.end() {
                return Err(format!("`consume` returned although there may be more payments later ({status})."));
            }
            if self.is_done().await? {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        let mut other = self.start(Fault::No)?;
        self.until_done(&mut other).await?;
        self.database.sign("go");
        // The slow one goes on, until it waits for payments.
        let (threads, mut looks) = (Thread::all_of_process(slow.0.id()), Looks::default());
        while slow.end().is_none() && !looks.are_blocked(&threads) {
            sleep(2 * PAUSE).await;
        }
        Ok(())
    }

    /// Whether all payments have been acknowledged.
    ///
    /// # Errors
    ///
    /// When they're delivered again and again.
    async fn is_done(&self) -> Result<bool, String> {
        let info = self.consumer.get_info().await.map_err(|error| format!("The broker doesn't answer: {error}."))?;
        if info.delivered.consumer_sequence as usize > 2 * self.scenario.payments.len() + 20 {
            return Err("The payments are delivered again and again, because they aren't acknowledged.".to_owned());
        }
        Ok(info.num_pending == 0 && info.num_ack_pending == 0)
    }

    /// Waits until all payments have been acknowledged.
    async fn until_done(&self, consumer: &mut Consumer) -> Result<(), String> {
        while !self.is_done().await? {
            if let Some(status) = consumer.end()
                && !self.is_done().await?
            {
                return Err(format!("`consume` ended, and there are more payments ({status})."));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Compares the balance with the right one.
    fn compare(&self) -> Result<(), String> {
        let (balance, right) = (self.database.tables().balance, self.scenario.balance());
        match balance.cmp(&right) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => {
                Err(format!("The payments add up to {right}, and the balance is {balance}: a payment is lost."))
            }
            std::cmp::Ordering::Greater => Err(format!(
                "The payments add up to {right}, and the balance is {balance}: a payment is counted twice."
            )),
        }
    }
}
