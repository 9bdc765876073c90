//! The program `chapter-machines`: the service with workers on many machines.
//!
//! Without flags, everything runs on this machine: a broker that the demo starts, the service, and four workers, each in a
//! process of its own. With `--servers`, brokers and workers can run anywhere: `--role=submit` runs the service alone, and
//! `--role=work` only workers, which join the service of the same `--name`.

use std::env;
use std::io::{self, BufRead, Read, Write};
use std::process::{self, Command, ExitCode};
use std::thread;
use std::time::Duration;

use async_nats::ServerAddr;
use chapters::demo::{self, Demo, FAILED, USAGE};
use chapters::options::{self, whole};
use chapters::random::Seed;
use chapters::record::{Event, WorkerId};
use chapters::service::{Model, Outcome};
use chapters::usage::Usage;
use chapters::{environment, interrupt};
use clap::ValueEnum;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio::{runtime, select};

use crate::broker::{Broker, Names};
use crate::coordinator::Local;
use crate::fault::{Fault, Faults};
use crate::health::Health;
use crate::keeper::{self, Keeper};
use crate::queue::Delivering;
use crate::service::{Service, Worker};

/// How long brokers of others may take until the service has connected and they have created the queue. Less than ten
/// seconds, which is how long the service may take to report that they don't.
const QUORUM_LIMIT: Duration = Duration::from_millis(8500);
/// The same for brokers that have just been started, on a machine that may be busy.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long the removal of a service that hasn't started may take.
const UNDO_LIMIT: Duration = Duration::from_millis(500);
/// How often the demo looks for a signal while it prepares.
const PAUSE: Duration = Duration::from_millis(20);
/// The least time that the broker may wait for an acknowledgment.
const LEAST_ACK_WAIT: Duration = Duration::from_millis(100);

/// The part that this process plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The service and its workers, on this machine
    #[default]
    All,
    /// The service alone
    Submit,
    /// Workers alone, for a service on any machine
    Work,
    /// Looks after the brokers of another process.
    #[value(hide = true)]
    Keep,
}

/// The flags that only this demo has.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Addresses of the brokers. By default, the demo starts brokers of its own
    #[arg(long, value_name = "URL,...", value_delimiter = ',', value_parser = server, help_heading = "Brokers")]
    pub servers: Vec<ServerAddr>,

    /// Number of brokers that the demo starts on this machine: 1 or 3
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = brokers, help_heading = "Brokers")]
    pub brokers: u32,

    /// Number of brokers that store each job: 1 or 3. By default, 3 if there are at least three brokers
    #[arg(long, value_name = "N", value_parser = brokers, help_heading = "Brokers")]
    pub replicas: Option<u32>,

    /// Name of the service, which its workers must know: letters, digits, and hyphens
    #[arg(long, default_value = "chapter", value_parser = name, help_heading = "Brokers")]
    pub name: String,

    /// The part that this process plays
    #[arg(long, value_enum, default_value_t, help_heading = "Brokers")]
    pub role: Role,

    /// How long a broker waits for an acknowledgment before it delivers a job again
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = ack_wait, help_heading = "Deliveries")]
    pub ack_wait: Duration,

    /// How many times a job is delivered before it is given up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = |text: &str| whole(text, 1, 1000), help_heading = "Deliveries")]
    pub attempts: u64,

    /// Kills something at a random moment. Can be given several times
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Deliveries")]
    pub kill: Vec<Fault>,

    /// Kills what standard input names, a line each: worker, broker, leader, or network
    #[arg(long, help_heading = "Deliveries")]
    pub interactive: bool,

    /// Number of a job that kills each worker that starts it
    #[arg(long, value_name = "JOB", help_heading = "Deliveries")]
    pub poison: Option<u64>,

    /// The number of a worker that another process has started.
    #[arg(long, hide = true)]
    pub worker: Option<u32>,
}

impl Options {
    /// An error message if two arguments contradict each other.
    fn contradiction(&self, workers: u32) -> Option<String> {
        let kills = |is_meant: fn(Fault) -> bool| self.kill.iter().copied().find(|fault| is_meant(*fault));
        if let (Some(fault), false) = (kills(Fault::is_of_broker), self.servers.is_empty()) {
            return Some(format!("--kill={fault}: the demo kills only brokers that it starts; leave out --servers"));
        }
        if let (Some(fault), Role::Submit) = (kills(|fault| !fault.is_of_broker()), self.role) {
            return Some(format!("--kill={fault}: with --role=submit, no worker runs here"));
        }
        if self.interactive && self.role != Role::All {
            return Some("--interactive: only a process with --role=all starts something that it can kill".to_owned());
        }
        if self.kill.contains(&Fault::Network) && workers < 2 {
            return Some("--kill=network: another worker must get the job; expected --workers=2 or more".to_owned());
        }
        if self.role != Role::All && self.servers.is_empty() {
            return Some("--role: the processes meet at brokers; say where, with --servers=URL,...".to_owned());
        }
        let replicas = self.replicas.filter(|replicas| self.servers.is_empty() && *replicas > self.brokers)?;
        Some(format!("--replicas={replicas}: expected --brokers={replicas} as well"))
    }

    fn replicas(&self) -> usize {
        let brokers = if self.servers.is_empty() { self.brokers as usize } else { self.servers.len() };
        self.replicas.map_or(if brokers < 3 { 1 } else { 3 }, |replicas| replicas as usize)
    }
}

fn server(text: &str) -> Result<ServerAddr, String> {
    text.parse().map_err(|_| "expected an address such as nats://127.0.0.1:4222".to_owned())
}

fn brokers(text: &str) -> Result<u32, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("expected 1 or 3".to_owned()),
    }
}

fn name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { Ok(text.to_owned()) } else { Err("expected letters, digits, and hyphens".to_owned()) }
}

fn ack_wait(text: &str) -> Result<Duration, String> {
    options::time(text)
        .ok()
        .filter(|time| *time >= LEAST_ACK_WAIT)
        .ok_or_else(|| format!("expected a number of seconds, at least {}", LEAST_ACK_WAIT.as_secs_f64()))
}

/// The command line of the program `chapter-machines`.
pub fn command() -> clap::Command {
    demo::command::<Options>(Model::Machines)
}

/// The program `chapter-machines`. The processes that it starts run this function as well, in other roles.
pub fn main() -> ExitCode {
    environment::prepare();
    let (options, more) = match demo::parse::<Options>(Model::Machines, env::args_os()) {
        Err(code) => return code,
        Ok(parsed) => parsed,
    };
    if let (Some(error), true) = (more.contradiction(options.workers), more.role != Role::Keep) {
        return demo::fail(&error, USAGE);
    }
    let done = match more.role {
        Role::Keep => keeper::keep(more.brokers),
        Role::Work => work(&options, &more),
        Role::All | Role::Submit => {
            let mut options = options;
            let seed = options.seed.get_or_insert_with(Seed::fresh).clone();
            return demo::run(Model::Machines, options, |demo| serve(&more, &seed, demo));
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => demo::fail(&error, FAILED),
    }
}

/// Runs a future on a runtime of its own.
fn block_on<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(future);
    // A thread that looks up the name of a server may be busy for longer than anyone should wait.
    runtime.shutdown_background();
    done
}

/// Runs the service.
fn serve(options: &Options, seed: &Seed, demo: Demo) -> io::Result<Outcome> {
    block_on(async {
        let mut begun = Begun::default();
        let prepared = select! {
            prepared = prepare(options, &demo, &mut begun) => Some(prepared),
            () = interrupted() => None,
        };
        let service = match prepared {
            Some(Ok(service)) => service,
            Some(Err(error)) => {
                begun.undo().await;
                return Err(error);
            }
            None => {
                begun.undo().await;
                return stop_early(demo).await;
            }
        };
        let local = Local {
            workers: if options.role == Role::All { demo.plan.workers } else { 0 },
            servers: begun.keeper.as_ref().map_or(&*options.servers, Keeper::servers).to_vec(),
            name: options.name.clone(),
            keeper: begun.keeper,
            faults: Faults::new(seed, &options.kill, demo.jobs.len() as u64),
            asked: if options.interactive { ask_for_faults(options) } else { mpsc::unbounded_channel().1 },
            proxies: options.interactive || options.kill.contains(&Fault::Network),
        };
        service.run(local, demo.on_started).await
    })
}

/// Reads faults from standard input, in a thread that ends with the process.
fn ask_for_faults(options: &Options) -> mpsc::UnboundedReceiver<Fault> {
    let (ask, asked) = mpsc::unbounded_channel();
    let has_own_brokers = options.servers.is_empty();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let line = line.trim();
            let problem = match Fault::from_str(line, false) {
                _ if line.is_empty() => continue,
                Err(_) => "expected worker, broker, leader, or network",
                Ok(fault) if fault.is_of_broker() && !has_own_brokers => "the demo kills only brokers that it starts",
                Ok(fault) if ask.send(fault).is_ok() => continue,
                Ok(_) => return,
            };
            // With standard error closed, nothing is said.
            let _ = writeln!(io::stderr(), "{line}: {problem}");
        }
    });
    asked
}

/// Waits for the first Ctrl-C or another such signal, which the service acts on once its workers have started.
async fn interrupted() {
    while !interrupt::is_pending() {
        sleep(PAUSE).await;
    }
}

/// What has been created for a service, and must be removed if it doesn't start.
#[derive(Default)]
struct Begun {
    /// The brokers, if they are the demo's own.
    keeper: Option<Keeper>,
    /// A connection to the brokers of others, once the name of the service is known to be free.
    claimed: Option<Broker>,
}

impl Begun {
    async fn undo(self) {
        if let Some(keeper) = self.keeper {
            keeper.stop().await;
        }
        if let Some(broker) = self.claimed {
            // If the brokers don't answer, the next service of this name removes its streams.
            let _ = timeout(UNDO_LIMIT, broker.delete_streams()).await;
        }
    }
}

/// The end of a service that's interrupted before its workers have started: all of its jobs are left.
async fn stop_early(demo: Demo<'_>) -> io::Result<Outcome> {
    let (stop, mut stopped) = mpsc::unbounded_channel();
    let left = demo.jobs.len() as u64;
    demo.trace.service().record(Event::ServiceStarting);
    (demo.on_started)(Box::new(move || _ = stop.send(())))?;
    // The signal is pending, so it comes at once.
    stopped.recv().await;
    demo.trace.service().record(Event::ServiceStopping);
    Ok(Outcome { left, usage: Usage::of_this_process() })
}

/// Starts the brokers if they are the demo's own, creates the service, and puts the jobs on its queue.
async fn prepare(options: &Options, demo: &Demo<'_>, begun: &mut Begun) -> io::Result<Service> {
    let own = options.servers.is_empty();
    if own {
        begun.keeper = Some(Keeper::start(options.brokers).await?);
    }
    let deadline = Instant::now() + if own { START_LIMIT } else { QUORUM_LIMIT };
    let servers = begun.keeper.as_ref().map_or(&*options.servers, Keeper::servers);
    let health = Health::start(servers, begun.keeper.as_ref().map(Keeper::folder));
    let broker = Broker::connect(servers, Names::new(&options.name)).await?;
    let delivering = Delivering {
        replicas: options.replicas(),
        ack_wait: options.ack_wait,
        attempts: options.attempts,
        poison: options.poison,
    };
    let claimed = &mut begun.claimed;
    let created = async {
        // If the brokers don't answer in time, they don't create the queue, either.
        if !own && let Ok(claim) = timeout_at(deadline, broker.claim(&options.name)).await {
            claim?;
            *claimed = Some(broker.clone());
        }
        let (plan, trace) = (demo.plan, demo.trace.clone());
        let mut service =
            Service::new(plan, trace, delivering, broker.clone(), health.clone(), deadline.into_std()).await?;
        service.add_jobs(demo.jobs.iter().copied()).await?;
        Ok(service)
    };
    let mut watched = health.clone();
    select! {
        created = created => created,
        error = watched.failed() => Err(error),
    }
}

/// Runs workers: one in this process, or several in processes of their own.
fn work(options: &options::Options, more: &Options) -> io::Result<()> {
    let id = more.worker.map(WorkerId);
    if let Some(id) = id {
        #[cfg(target_os = "linux")]
        chapters::processes::service::name_this_process(id);
        end_with_parent();
    }
    if options.workers == 1 {
        return block_on(Worker::run(&more.servers, Names::new(&more.name), id, options.time));
    }
    let start = |_| {
        let mut command = Command::new(env::current_exe()?);
        let servers: Vec<String> = more.servers.iter().map(|server| server.as_url_str().to_owned()).collect();
        command.args(["--role=work", "--workers=1"]).arg(format!("--servers={}", servers.join(",")));
        command.arg(format!("--name={}", more.name)).arg(format!("--time={}", options.time.as_secs_f64())).spawn()
    };
    let processes: Vec<process::Child> = (0..options.workers).map(start).collect::<io::Result<_>>()?;
    let mut failed = 0;
    for mut process in processes {
        failed += u32::from(!process.wait()?.success());
    }
    if failed == 0 { Ok(()) } else { Err(io::Error::other(format!("{failed} of {} workers failed", options.workers))) }
}

/// Ends this process when its standard input ends, which is when its parent process ends.
fn end_with_parent() {
    thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::stdin().lock().read_to_end(&mut rest);
        process::exit(FAILED.into());
    });
}
