//! The harness of the contract tests: the variants of the demo, a run of one variant, and the result of a run.

pub mod proc;
pub mod story;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, panic};

use chapters::job::{Job, Kind};
use chapters::python::{DEFAULT, Interpreter};
use chapters::record::{Event, Record};
use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, Signal, kill, killpg, signal};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Gid, Pid, Uid, setgid, setuid};

/// The default limit of a run's duration. A run that takes longer counts as hung. No test has another upper limit on
/// time, because a busy machine may take long for anything; the benchmarks measure how late an event is on a quiet one.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The flag that gives a run more time than its test does. A run that ends has done everything, or has been stopped.
pub const FOREVER: &str = "--time=86400";

/// How often a test repeats a run until chance does what the test waits for.
pub const TRIES: usize = 100;

/// A way in which the service is built.
#[derive(Debug)]
pub struct Variant {
    pub name: &'static str,
    pub model: &'static str,
    program: &'static str,
    flags: &'static [&'static str],
}

impl Variant {
    const fn threads(name: &'static str, flags: &'static [&'static str]) -> Self {
        Self { name, model: "threads", program: env!("CARGO_BIN_EXE_chapter-threads"), flags }
    }

    const fn coroutines(name: &'static str, flags: &'static [&'static str]) -> Self {
        Self { name, model: "coroutines", program: env!("CARGO_BIN_EXE_chapter-coroutines"), flags }
    }

    const fn processes(name: &'static str, flags: &'static [&'static str]) -> Self {
        Self { name, model: "processes", program: env!("CARGO_BIN_EXE_chapter-processes"), flags }
    }

    const fn python(name: &'static str, model: &'static str, flags: &'static [&'static str]) -> Self {
        Self { name, model, program: env!("CARGO_BIN_EXE_chapter-python"), flags }
    }

    /// Not a service, but a program that shows, measures, or compares parts of them.
    const fn other(name: &'static str, model: &'static str, program: &'static str) -> Self {
        Self { name, model, program, flags: &[] }
    }
}

pub const THREADS: Variant = Variant::threads("threads", &[]);
pub const ONE_LOCK: Variant = Variant::threads("threads under one lock", &["--gil=one"]);
pub const LOCK_PER_WORKER: Variant = Variant::threads("threads under a lock each", &["--gil=per-worker"]);
pub const CURRENT_THREAD: Variant = Variant::coroutines("coroutines on one thread", &[]);
pub const MULTI_THREAD: Variant = Variant::coroutines("coroutines on a pool", &["--runtime=multi-thread"]);
pub const FORK: Variant = Variant::processes("processes by fork", &["--method=fork"]);
pub const SPAWN: Variant = Variant::processes("processes by spawn", &["--method=spawn"]);
pub const FORKSERVER: Variant = Variant::processes("processes by forkserver", &["--method=forkserver"]);

/// All variants of the service in CPython.
pub const PYTHON: [&Variant; 5] = [
    &Variant::python("threads in CPython", "threads", &["--model=threads"]),
    &Variant::python("coroutines in CPython", "coroutines", &["--model=coroutines"]),
    &Variant::python("processes in CPython by fork", "processes", &["--model=processes", "--method=fork"]),
    &Variant::python("processes in CPython by spawn", "processes", &["--model=processes", "--method=spawn"]),
    &Variant::python("processes in CPython by forkserver", "processes", &["--model=processes", "--method=forkserver"]),
];
/// The variants whose workers are processes of CPython.
pub const PYTHON_PROCESSES: [&Variant; 3] = [PYTHON[2], PYTHON[3], PYTHON[4]];

pub const GIL_PROGRAM: Variant = Variant::other("the parts of the lock", "gil", env!("CARGO_BIN_EXE_chapter-gil"));
pub const CHOOSING: Variant = Variant::other("the comparison", "choosing", env!("CARGO_BIN_EXE_chapter-choosing"));
pub const PRIMITIVES: Variant =
    Variant::other("the demos of the primitives", "primitives", env!("CARGO_BIN_EXE_chapter-primitives"));
pub const QUEUES: Variant = Variant::other("the demos of the queues", "queues", env!("CARGO_BIN_EXE_chapter-queues"));

/// An example of the book, which `cargo test` builds unless it's asked for one test.
pub fn example(name: &'static str) -> &'static Variant {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = env::current_exe().expect("a program knows where it is");
        let profile = test.parent().and_then(Path::parent).expect("a test is in deps");
        let name = profile.file_name().and_then(OsStr::to_str).expect("the name of a profile");
        // As whatever built this test has usually built them already: `cargo test` for all packages, and `.ci/run`, for
        // its long tests, for this one.
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--bins", "--examples", "--profile"]);
        if name == "debug" {
            cargo.arg("dev")
        } else {
            cargo.args([name, "--package=chapters"])
        };
        cargo.arg("--target-dir").arg(profile.parent().expect("a target folder"));
        cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace"));
        assert!(cargo.status().is_ok_and(|status| status.success()), "the examples can't be built");
        profile.join("examples")
    });
    let program = folder.join(name).into_os_string().into_string().expect("a path in UTF-8");
    // Never freed: a test has a few of them.
    Box::leak(Box::new(Variant { name, model: name, program: program.leak(), flags: &[] }))
}

/// One variant of each model, for promises that don't depend on how workers are started or scheduled.
pub const MODELS: [&Variant; 3] = [&THREADS, &FORK, &CURRENT_THREAD];
/// The variants whose workers are processes.
pub const PROCESSES: [&Variant; 3] = [&FORK, &SPAWN, &FORKSERVER];
/// The variants whose workers do CPU-bound work side by side.
pub const PARALLEL: [&Variant; 6] = [&THREADS, &LOCK_PER_WORKER, &FORK, &SPAWN, &FORKSERVER, &MULTI_THREAD];
/// All variants.
pub const ALL: [&Variant; 8] =
    [&THREADS, &ONE_LOCK, &LOCK_PER_WORKER, &FORK, &SPAWN, &FORKSERVER, &CURRENT_THREAD, &MULTI_THREAD];

/// Checks a promise on all `variants` in parallel, and fails with the names of those that break it.
pub fn each(variants: &[&'static Variant], promise: impl Fn(&'static Variant) + Sync) {
    let failed: Vec<&str> = thread::scope(|scope| {
        let promise = &promise;
        let start = |variant: &&'static Variant| {
            let variant = *variant;
            let thread = thread::Builder::new().name(variant.name.to_owned());
            (variant.name, thread.spawn_scoped(scope, move || promise(variant)).expect("a thread for the variant"))
        };
        let running: Vec<_> = variants.iter().map(start).collect();
        running.into_iter().filter_map(|(name, thread)| thread.join().is_err().then_some(name)).collect()
    });
    assert!(failed.is_empty(), "the promise is broken by: {}", failed.join(", "));
}

/// How many times to repeat a test whose outcome depends on chance: `times` in continuous integration, once elsewhere.
pub fn often(times: usize) -> usize {
    if env::var_os("CI").is_some() { times } else { 1 }
}

/// Checks that chance lets an event happen in one of many runs.
pub fn sooner_or_later(what: &str, mut happens: impl FnMut() -> bool) {
    assert!((0..TRIES).any(|_| happens()), "in {TRIES} runs, it never happens that {what}");
}

/// The interpreter that `python3` starts. It's asked once, because `python3` may be a script that takes longer to choose an
/// interpreter than a test takes. Without one, prints that tests are skipped, past the test harness, which would keep the
/// line of a test that passes to itself. In continuous integration, that's a failure.
pub fn python() -> Option<&'static Interpreter> {
    static FOUND: LazyLock<Option<Interpreter>> = LazyLock::new(|| match Interpreter::find(Path::new(DEFAULT)) {
        Ok(found) => Some(found),
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "{error}");
            let _ = writeln!(io::stderr(), "SKIPPED: {error}, so no test uses it");
            None
        }
    });
    FOUND.as_ref()
}

/// Polls until `found` finds something, for at most `limit`.
pub fn eventually<T>(what: &str, limit: Duration, mut found: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(it) = found() {
            return it;
        }
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// The scale at which a CPU-bound job of size 1 takes about `time` of CPU time, in the profile of this build.
pub fn scale(time: Duration) -> String {
    static DIGEST: OnceLock<f64> = OnceLock::new();
    let digest = DIGEST.get_or_init(|| cpu_time(|| cpu_job(1.0).run(0.001)).as_secs_f64() / 1000.0);
    format!("{:.9}", time.as_secs_f64() / digest / chapters::job::DIGESTS)
}

/// A CPU-bound job of this size.
pub fn cpu_job(size: f64) -> Job {
    Job { number: 0, kind: Kind::Cpu, size }
}

/// The CPU time that `work` takes, whatever else the machine is doing.
pub fn cpu_time(work: impl FnOnce()) -> Duration {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every thread has a clock"));
    let begin = now();
    work();
    now() - begin
}

/// A temporary folder for the files of one test, removed on drop.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty folder. Each test passes its own `name`.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder for the test's files");
        Self(path)
    }

    /// The path of a file of this name in the folder.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// The names of the files in the folder.
    pub fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).expect("the folder is there");
        names.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Variant {
    /// A run that prints records as JSON.
    pub fn run<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Run {
        self.run_as_text(["--format=json"].into_iter().chain(flags))
    }

    /// A run that prints text for people.
    pub fn run_as_text<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Run {
        self.bare(self.flags.iter().copied().chain(flags))
    }

    /// The program with these flags and no others, not even those that select the variant.
    pub fn bare<'a>(&self, flags: impl IntoIterator<Item = &'a str>) -> Run {
        self.prepare(Command::new(self.program), flags)
    }

    /// A run started by another command, given by its name and arguments.
    pub fn under<'a>(&self, wrapper: &[&str], flags: impl IntoIterator<Item = &'a str>) -> Run {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(self.program);
        self.prepare(command, self.flags.iter().copied().chain(flags))
    }

    fn prepare<'a>(&self, mut command: Command, flags: impl IntoIterator<Item = &'a str>) -> Run {
        let flags: Vec<String> = flags.into_iter().map(str::to_owned).collect();
        // A process group of its own, so that the test can find and kill every process that the run leaves behind.
        command.args(&flags).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let line = format!("chapter-{} {}", self.model, flags.join(" "));
        let run = Run { command, line, model: self.model, flags, timeout: TIMEOUT };
        // A shell that starts the tests in the background has SIGINT ignored.
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
            .into_iter()
            .fold(run, |run, number| run.inheriting(Inherited::Default(number)))
    }
}

/// State that a program may inherit from its parent.
#[derive(Clone, Copy, Debug)]
pub enum Inherited {
    Limit(Resource, u64),
    /// A limit that the program may raise again.
    SoftLimit(Resource, u64),
    Ignored(Signal),
    Default(Signal),
    Blocked(Signal),
    Closed(i32),
    /// Not the administrator, because a limit on processes doesn't apply to root.
    User(u32),
}

impl Inherited {
    fn take_effect(self) -> io::Result<()> {
        match self {
            Self::Limit(resource, limit) => setrlimit(resource, limit, limit)?,
            Self::SoftLimit(resource, limit) => setrlimit(resource, limit, getrlimit(resource)?.1)?,
            // SAFETY: the handlers aren't functions, which could run at an unsuitable moment.
            Self::Ignored(number) => _ = unsafe { signal(number, SigHandler::SigIgn) }?,
            // SAFETY: as above.
            Self::Default(number) => _ = unsafe { signal(number, SigHandler::SigDfl) }?,
            Self::Blocked(number) => SigSet::from(number).thread_block()?,
            // SAFETY: nothing owns the standard streams of the child before `exec`.
            Self::Closed(stream) => _ = unsafe { libc::close(stream) },
            Self::User(number) => {
                setgid(Gid::from_raw(number))?;
                setuid(Uid::from_raw(number))?;
            }
        }
        Ok(())
    }
}

/// A run that hasn't started.
#[derive(Debug)]
pub struct Run {
    command: Command,
    line: String,
    model: &'static str,
    flags: Vec<String>,
    timeout: Duration,
}

impl Run {
    /// A run that takes longer than `timeout` counts as hung.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes the environment variables that control colors.
    pub fn without_color_variables(mut self) -> Self {
        // Where `CI` is set, colors are shown even on a terminal that has none.
        for name in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "TERM"] {
            self.command.env_remove(name);
        }
        self
    }

    /// Sends standard output to a file. The run then reports zero lines.
    pub fn stdout_to(mut self, file: File) -> Self {
        self.command.stdout(file);
        self
    }

    /// Adds an argument that may not be UTF-8.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Starts the program in this state.
    pub fn inheriting(mut self, state: Inherited) -> Self {
        // SAFETY: the function makes system calls; it doesn't allocate or lock.
        unsafe { self.command.pre_exec(move || state.take_effect()) };
        self
    }

    /// Starts the program. Its standard output isn't read until the test asks for a line.
    pub fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", self.line));
        let begin = Instant::now();
        let mut stderr = child.stderr.take().expect("standard error is a pipe");
        let (sender, errors) = mpsc::channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            sender.send(String::from_utf8_lossy(&text).into_owned())
        });
        let stdout = match child.stdout.take() {
            Some(pipe) => Stdout::Unread(pipe),
            None => Stdout::Lines(mpsc::channel().1),
        };
        Running { child, begin, run: self, stdout, errors, lines: Vec::new(), ended: false }
    }

    /// Starts the program and waits for its end.
    pub fn finish(self) -> Finished {
        self.start().finish()
    }
}

#[derive(Debug)]
enum Stdout {
    Unread(ChildStdout),
    Lines(Receiver<String>),
}

/// A running program. Dropping it before its end kills it and all its workers.
#[derive(Debug)]
pub struct Running {
    child: Child,
    begin: Instant,
    run: Run,
    stdout: Stdout,
    errors: Receiver<String>,
    lines: Vec<String>,
    ended: bool,
}

impl Running {
    /// The first process of the run.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Sends a signal to the first process alone.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process is there");
    }

    /// Sends a signal to all processes of the run, as a terminal does.
    pub fn signal_all(&self, signal: Signal) {
        killpg(self.pid(), signal).expect("the processes are there");
    }

    /// Waits for the next line of standard output; `None` at its end.
    pub fn line(&mut self) -> Option<String> {
        let left = (self.begin + self.run.timeout).saturating_duration_since(Instant::now());
        match self.lines().recv_timeout(left) {
            Ok(line) => {
                self.lines.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.hung("its output does not end"),
        }
    }

    /// Waits for the next record; `None` when there are no more.
    pub fn record(&mut self) -> Option<Record> {
        self.line().map(|line| parse(&line))
    }

    /// Waits for a record whose event is `wanted`, and returns it.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Record {
        loop {
            match self.record() {
                Some(record) if wanted(&record.event) => return record,
                Some(_) => {}
                None => panic!("{}: ended before it recorded {what}: {}", self.run.line, self.tail()),
            }
        }
    }

    /// Closes standard output.
    pub fn close_stdout(&mut self) {
        let (_, nothing) = mpsc::channel();
        self.stdout = Stdout::Lines(nothing);
    }

    /// Waits for one line without reading another, and closes standard output.
    pub fn read_one_line_and_close(&mut self) -> String {
        let (_, nothing) = mpsc::channel();
        let Stdout::Unread(stdout) = std::mem::replace(&mut self.stdout, Stdout::Lines(nothing)) else {
            panic!("standard output has been read");
        };
        let mut line = String::new();
        BufReader::with_capacity(1, stdout).read_line(&mut line).expect("a line of text");
        line
    }

    /// Waits for the end of the run.
    pub fn finish(mut self) -> Finished {
        while self.line().is_some() {}
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                break status;
            }
            if self.begin.elapsed() > self.run.timeout {
                self.hung("it closed its output and does not exit");
            }
            thread::park_timeout(Duration::from_millis(1));
        };
        self.ended = true;
        let took = self.begin.elapsed();
        let left = self.run.timeout.saturating_sub(took) + TIMEOUT;
        let stderr = self.errors.recv_timeout(left).expect("standard error ends with the last process that has it");
        Finished {
            line: self.run.line.clone(),
            model: self.run.model,
            flags: self.run.flags.clone(),
            lines: std::mem::take(&mut self.lines),
            status: status.code().unwrap_or_else(|| -status.signal().unwrap_or(0)),
            stderr,
            pid: self.pid(),
        }
    }

    fn lines(&mut self) -> &Receiver<String> {
        if matches!(self.stdout, Stdout::Unread(_)) {
            let (sender, lines) = mpsc::channel();
            if let Stdout::Unread(stdout) = std::mem::replace(&mut self.stdout, Stdout::Lines(lines)) {
                let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
                thread::spawn(move || lines.try_for_each(|line| sender.send(line)));
            }
        }
        match &self.stdout {
            Stdout::Lines(lines) => lines,
            Stdout::Unread(_) => unreachable!("reading has begun"),
        }
    }

    fn hung(&self, what: &str) -> ! {
        let processes = proc::tree(self.pid());
        panic!("{}: hung for {:?}, {what}; {}; {processes:#?}", self.run.line, self.run.timeout, self.tail())
    }

    fn tail(&self) -> String {
        let last = self.lines.iter().skip(self.lines.len().saturating_sub(10));
        format!("{} lines were read, the last are {:#?}", self.lines.len(), last.collect::<Vec<_>>())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let _ = killpg(self.pid(), Signal::SIGKILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn parse(line: &str) -> Record {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is no record: {error}"))
}

/// The result of a run.
#[derive(Debug)]
pub struct Finished {
    /// The command line, for messages.
    pub line: String,
    pub model: &'static str,
    pub flags: Vec<String>,
    /// Standard output.
    pub lines: Vec<String>,
    /// The exit status, or the negated number of the signal that ended the run.
    pub status: i32,
    pub stderr: String,
    pub pid: Pid,
}

impl Finished {
    /// Standard output as records.
    pub fn records(&self) -> Vec<Record> {
        self.lines.iter().map(|line| parse(line)).collect()
    }

    /// Checks the exit status.
    pub fn exits_with(self, status: i32) -> Self {
        let Self { line, stderr, .. } = &self;
        assert_eq!(self.status, status, "exit status of {line}; it says on standard error: {stderr:?}");
        self
    }
}
