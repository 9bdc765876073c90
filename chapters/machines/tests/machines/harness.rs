//! A run of the program in a temporary folder of its own, and the rules that hold for every run.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream};
use chapters::record::{Event, Record, Summary, WorkerId};
use chapters::view::json;
use machines::keeper::free_addresses;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The result of a test, with a description of the fault.
pub type Fault = Result<(), String>;

/// A test and its name.
pub type Test = (&'static str, fn() -> Fault);

/// A run that takes longer counts as hung.
const LONGEST: Duration = Duration::from_secs(300);
/// The time in which a run must report that it can't start. The program's own limit is ten seconds.
const AT_ONCE: Duration = Duration::from_secs(100);
const PAUSE: Duration = Duration::from_millis(5);
/// How often brokers are started whose ports may be taken.
const STARTS: usize = 5;

/// A running program.
pub struct Run {
    process: Child,
    line: String,
    /// Where the run keeps its files.
    folder: PathBuf,
    _owned: Option<TempDir>,
    begin: Instant,
}

/// The output of a program that has ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    line: String,
    folder: PathBuf,
    _owned: Option<TempDir>,
    took: Duration,
}

/// Starts the program with the words of `flags`, which are separated by spaces.
pub fn start(flags: &str) -> Result<Run, String> {
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let run = start_in(folder.path(), flags)?;
    Ok(Run { _owned: Some(folder), ..run })
}

/// Starts the program, which keeps its files in an existing folder.
pub fn start_in(folder: &Path, flags: &str) -> Result<Run, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chapter-machines"));
    command.args(flags.split_whitespace()).env("TMPDIR", folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begin = Instant::now();
    let process = command.spawn().map_err(|error| error.to_string())?;
    let line = format!("chapter-machines {flags}");
    Ok(Run { process, line, folder: folder.to_owned(), _owned: None, begin })
}

/// Runs the program, whose records come as JSON.
pub fn run(flags: &str) -> Result<Ended, String> {
    start(&format!("--format=json {flags}"))?.end()
}

impl Run {
    pub fn pid(&self) -> i32 {
        self.process.id() as i32
    }

    /// Waits until the program prints a line that contains `text`. The rest of its output is lost.
    pub fn wait_for(&mut self, text: &str) -> Fault {
        let mut out = self.process.stdout.take().ok_or("the output has been read")?;
        let (mut all, mut piece) = (String::new(), [0; 4096]);
        while !all.contains(text) {
            match out.read(&mut piece) {
                Ok(length @ 1..) => all += &String::from_utf8_lossy(&piece[..length]),
                _ => return Err(format!("{}: ended without {text:?}: {all}", self.line)),
            }
        }
        self.process.stdout = Some(out);
        Ok(())
    }

    /// The processes of the run whose command lines contain `text`.
    pub fn processes(&self, text: &str) -> Vec<Pid> {
        let all = processes_in(&self.folder).into_iter();
        all.filter(|(_, line)| line.contains(text)).map(|(pid, _)| pid).collect()
    }

    /// Sends a signal to the first `count` of these processes.
    pub fn signal(&self, text: &str, count: usize, signal: Signal) -> Fault {
        let found = self.processes(text);
        let chosen =
            found.get(..count).ok_or_else(|| format!("{}: {} processes are {text}", self.line, found.len()))?;
        chosen.iter().try_for_each(|pid| kill(*pid, signal)).map_err(|error| error.to_string())
    }

    /// Writes a line to the program's standard input.
    pub fn write(&mut self, line: &str) -> Fault {
        let input = self.process.stdin.as_mut().ok_or("the input is closed")?;
        writeln!(input, "{line}").map_err(|error| error.to_string())
    }

    /// Waits until the program has started a process whose command line contains `text`.
    pub fn wait_for_process(&self, text: &str) -> Fault {
        let begin = Instant::now();
        while self.processes(text).is_empty() {
            if begin.elapsed() > LONGEST {
                return Err(format!("{}: starts no {text}", self.line));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Waits for the end of the program, and of everything that it has started.
    pub fn end(mut self) -> Result<Ended, String> {
        let mut out = self.process.stdout.take().ok_or("the output has been read")?;
        let mut err = self.process.stderr.take().ok_or("the errors have been read")?;
        let errors = thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).map(|_| text)
        });
        let printed = thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if begin.elapsed() > LONGEST {
                let _ = self.process.kill();
                return Err(format!("{}: hangs", self.line));
            }
            thread::sleep(PAUSE);
        };
        let text = |thread: thread::JoinHandle<std::io::Result<String>>| {
            thread.join().map_err(|_| "a reader panicked")?.map_err(|error| error.to_string())
        };
        let (stdout, stderr) = (text(printed)?, text(errors)?);
        let took = self.begin.elapsed();
        let Self { line, folder, _owned, .. } = self;
        let ended = Ended { status, stdout, stderr, line, folder, _owned, took };
        ended.leaves_nothing()?;
        Ok(ended)
    }
}

impl Ended {
    /// Checks that no process and no file of the run is left. The keeper needs a moment after the demo was killed.
    fn leaves_nothing(&self) -> Fault {
        let begin = Instant::now();
        loop {
            let (processes, files) = (processes_in(&self.folder), names(&self.folder));
            if processes.is_empty() && files.is_empty() {
                return Ok(());
            }
            if begin.elapsed() > LONGEST {
                return Err(format!("{}: left behind: {processes:?} {files:?}", self.line));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Fails unless the exit status is this one.
    pub fn has_status(&self, expected: i32) -> Fault {
        match self.status.code() {
            Some(status) if status == expected => Ok(()),
            _ => Err(format!("{}: {}, not {expected}: {}", self.line, self.status, self.stderr)),
        }
    }

    /// Fails unless the error is one line that contains `words`, with exit status 1, and soon.
    pub fn is_one_sentence(&self, words: &str) -> Fault {
        self.is_one_of(&[words])
    }

    /// The same, if several parts of the program may notice the fault first.
    pub fn is_one_of(&self, words: &[&str]) -> Fault {
        self.has_status(1)?;
        if self.took > AT_ONCE {
            return Err(format!("{}: reports its error after {:?}", self.line, self.took));
        }
        let is_sentence = self.stderr.lines().count() == 1 && words.iter().any(|words| self.stderr.contains(words));
        if is_sentence { Ok(()) } else { Err(format!("{}: expected {words:?}: {}", self.line, self.stderr)) }
    }

    /// Reads the records, and checks the rules that hold for every run.
    pub fn story(&self) -> Result<Story, String> {
        let (_, records) = json::read_run(&self.stdout).map_err(|error| format!("{}: {error}", self.line))?;
        let Some(Event::ServiceStopped(summary)) = records.last().map(|record| record.event.clone()) else {
            return Err(format!("{}: there is no summary: {}", self.line, self.stderr));
        };
        let story = Story { records, summary: *summary };
        story.adds_up().map_err(|error| format!("{}: {error}: {:?}", self.line, story.summary))?;
        Ok(story)
    }
}

/// The records of a run.
pub struct Story {
    pub records: Vec<Record>,
    pub summary: Summary,
}

impl Story {
    fn adds_up(&self) -> Fault {
        let Summary { jobs, completed, left, lost, workers, deliveries, .. } = &self.summary;
        let check = |holds: bool, rule: &str| if holds { Ok(()) } else { Err(format!("not so: {rule}")) };
        check(*jobs == completed + left + lost, "jobs = completed + left + lost")?;
        check(*completed == self.count("job_completed"), "each completed job has a record")?;
        check(*lost == self.count("job_lost"), "each lost job has a record")?;
        check(*completed == workers.iter().map(|worker| worker.completed).sum::<u64>(), "the workers' shares add up")?;
        let deliveries = deliveries.ok_or("the summary has no deliveries")?;
        check(deliveries.redelivered == self.count("job_redelivered"), "redeliveries are counted")?;
        check(deliveries.ignored == self.count("result_ignored"), "ignored results are counted")?;
        let ends = self.records.iter().filter(|it| ["job_completed", "job_lost"].contains(&it.event.name()));
        let mut done = HashSet::new();
        for job in ends.filter_map(|record| record.event.job()) {
            check(done.insert(job.number), &format!("job {} counts once", job.number))?;
        }
        let mut last: BTreeMap<WorkerId, Duration> = BTreeMap::new();
        for record in &self.records {
            let Some(worker) = record.worker else { continue };
            // The service records these on its own clock.
            if ["network_cut", "network_restored", "worker_died"].contains(&record.event.name()) {
                continue;
            }
            let before = last.insert(worker, record.at).unwrap_or_default();
            check(before <= record.at, &format!("the records of {worker} are in order at {:?}", record.at))?;
        }
        Ok(())
    }

    /// How many records have this name.
    pub fn count(&self, name: &str) -> u64 {
        self.records.iter().filter(|record| record.event.name() == name).count() as u64
    }

    /// Fails unless every job was completed.
    pub fn completes_all(&self) -> Fault {
        let Summary { jobs, completed, .. } = self.summary;
        if jobs == completed { Ok(()) } else { Err(format!("not all jobs were completed: {:?}", self.summary)) }
    }
}

/// The processes whose temporary folder is this one, with their command lines.
fn processes_in(folder: &Path) -> Vec<(Pid, String)> {
    let marker = format!("TMPDIR={}\0", folder.display());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |path: PathBuf| {
        let pid = path.file_name()?.to_str()?.parse().ok()?;
        let environment = fs::read(path.join("environ")).ok()?;
        let line = fs::read_to_string(path.join("cmdline")).ok()?;
        let is_of_run = String::from_utf8_lossy(&environment).contains(&marker);
        (is_of_run && !line.is_empty()).then(|| (Pid::from_raw(pid), line))
    };
    entries.filter_map(|entry| process(entry.path())).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A broker that the test starts, as other people's brokers are. Killed on drop.
pub struct Broker {
    process: Child,
    address: SocketAddr,
    pub url: String,
    _folder: TempDir,
}

/// A file system of its own in memory. Unmounted on drop.
pub struct Disk(TempDir);

impl Disk {
    /// A file system of `size` KiB.
    ///
    /// # Errors
    ///
    /// If this process may not mount one.
    pub fn mount(size: u32) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}k"), "tmpfs"]).arg(folder.path());
        let output = mount.output().map_err(|error| format!("mount: {error}"))?;
        let disk = Self(folder);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        fs::create_dir(disk.folder()).map_err(|error| error.to_string())?;
        Ok(disk)
    }

    /// An empty folder on it.
    pub fn folder(&self) -> PathBuf {
        self.0.path().join("run")
    }

    /// Writes a file until the file system is full.
    pub fn fill(&self) -> Fault {
        let fault = |error: std::io::Error| error.to_string();
        let mut file = fs::File::create(self.0.path().join("fill")).map_err(fault)?;
        loop {
            match file.write_all(&[0; 1024]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// From now on, nothing can be written to it.
    pub fn protect(&self) -> Fault {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(self.0.path()).status();
        if status.is_ok_and(|status| status.success()) { Ok(()) } else { Err("it can't be remounted".to_owned()) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).stderr(Stdio::null()).status();
    }
}

impl Broker {
    /// Starts a broker with more options of JetStream and more lines of configuration.
    pub fn start(jetstream: &str, more: &str) -> Result<Self, String> {
        let mut brokers = on_free_ports(|| Ok(vec![Self::spawn("other", None, jetstream, more)?]))?;
        brokers.pop().ok_or_else(|| "no broker".to_owned())
    }

    /// Starts three brokers that store their messages in `storage`, and waits until they have elected a leader.
    pub fn cluster(storage: &Path) -> Result<Vec<Self>, String> {
        let brokers = on_free_ports(|| {
            let routes = free_addresses(3).map_err(|error| error.to_string())?;
            let list: Vec<String> = routes.iter().map(|route| format!("\"nats-route://{route}\"")).collect();
            let start = |(number, route): (usize, &SocketAddr)| {
                let cluster = format!("cluster {{ name: others, listen: \"{route}\", routes: [{}] }}", list.join(", "));
                let name = format!("other-{number}");
                Self::spawn(&name, Some(&storage.join(&name)), "", &cluster)
            };
            routes.iter().enumerate().map(start).collect()
        })?;
        brokers.first().ok_or("no broker")?.wait_for_leader()?;
        Ok(brokers)
    }

    fn spawn(name: &str, storage: Option<&Path>, jetstream: &str, more: &str) -> Result<Self, String> {
        let fault = |error: std::io::Error| error.to_string();
        let folder = TempDir::new().map_err(fault)?;
        let address = free_addresses(1).map_err(fault)?[0];
        let config = folder.path().join("broker.conf");
        let storage = storage.map_or_else(|| folder.path().join("storage"), Path::to_owned);
        let jetstream = format!("jetstream {{ store_dir: {storage:?}{jetstream} }}");
        fs::write(&config, format!("server_name: {name}\nlisten: \"{address}\"\n{jetstream}\n{more}\n"))
            .map_err(fault)?;
        let mut command = Command::new(installed::nats_server()?);
        command.arg("--config").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(fault)?;
        Ok(Self { process, address, url: format!("nats://{address}"), _folder: folder })
    }

    /// Waits until the broker accepts connections. Returns whether it does: it ends if one of its ports is taken.
    fn is_up(&mut self) -> Result<bool, String> {
        let begin = Instant::now();
        while self.process.try_wait().map_err(|error| error.to_string())?.is_none() {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(true);
            }
            if begin.elapsed() > LONGEST {
                return Err("the broker accepts no connections".to_owned());
            }
            thread::sleep(PAUSE);
        }
        Ok(false)
    }

    /// Waits until the broker's cluster creates a stream with three replicas.
    fn wait_for_leader(&self) -> Fault {
        self.ask(async |context| {
            let config = stream::Config {
                name: "others".to_owned(),
                subjects: vec!["others".to_owned()],
                num_replicas: 3,
                ..stream::Config::default()
            };
            let begin = Instant::now();
            while let Err(error) = context.create_stream(config.clone()).await {
                if begin.elapsed() > LONGEST {
                    return Err(error.to_string());
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        })
    }

    fn ask(&self, question: impl AsyncFnOnce(jetstream::Context) -> Fault) -> Fault {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let client = async_nats::connect(&self.url).await.map_err(|error| error.to_string())?;
            question(jetstream::new(client)).await
        })
    }
}

impl Broker {
    /// Stores messages in a stream of their own until the broker refuses even an empty one.
    pub fn fill(&self) -> Fault {
        self.ask(async |context| {
            let fault = |error: &dyn std::fmt::Display| error.to_string();
            let config = stream::Config {
                name: "fill".to_owned(),
                subjects: vec!["fill".to_owned()],
                ..stream::Config::default()
            };
            context.create_stream(config).await.map_err(|error| fault(&error))?;
            for size in [16_384, 256, 0] {
                // It ends when the broker refuses a message of this size.
                while context.publish("fill", vec![0; size].into()).await.map_err(|error| fault(&error))?.await.is_ok()
                {
                }
            }
            Ok(())
        })
    }

    /// Kills the broker.
    pub fn kill(&mut self) -> Fault {
        self.process.kill().and_then(|()| self.process.wait()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Stops the broker's process, which keeps its connections.
    pub fn hang(&self) -> Fault {
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGSTOP).map_err(|error| error.to_string())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts brokers, and waits until they accept connections. Another program can take a port after it was found free, so this
/// tries again with other ports if a broker ends.
fn on_free_ports(start: impl Fn() -> Result<Vec<Broker>, String>) -> Result<Vec<Broker>, String> {
    for _ in 0..STARTS {
        let mut brokers = start()?;
        if brokers.iter_mut().map(Broker::is_up).collect::<Result<Vec<_>, _>>()?.into_iter().all(|is_up| is_up) {
            return Ok(brokers);
        }
    }
    Err(format!("the brokers ended at once, {STARTS} times"))
}
