//! The harness of the tests that kill processes at random moments.
//!
//! Each test starts this program once more as a *controller*: a process with one thread, so that it may fork. The
//! controller starts workers, kills them, and starts replacements, and its worker loops and checks are those of the
//! test. The tests print the seed of the controller's random choices. The scheduling of the workers, and the exact point
//! of each kill, can't be repeated.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, hint, mem, thread};

use chapters::processes::start::{Child, Method, Process, Starter, child_main};
use chapters::random::{Random, Seed};
use clap::ValueEnum;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use rand::RngExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::again::run_again;

/// The longest time that a process may wait inside a run. A longer wait counts as hung.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(90);

/// The time limit of a run, for a controller that hangs itself.
const RUN_TIMEOUT: Duration = Duration::from_secs(900);

/// The longest time before a kill, in microseconds.
pub const SPREAD: u64 = 1000;

/// The argument that starts this program as a controller.
const CONTROL: &str = "control";

/// What is tested while processes are killed.
pub trait Kind: Copy + Send + Serialize + DeserializeOwned + 'static {
    type Worker: Child;

    fn name(self) -> &'static str;

    /// Lets workers run, kills as many as `run` says, and checks the invariants. Returns a report.
    fn control(self, run: Run<Self>) -> String;
}

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Run<K> {
    kind: K,
    method: u8,
    pub kills: u64,
    pub seed: u64,
}

impl<K> Run<K> {
    pub fn method(&self) -> Method {
        Method::value_variants()[usize::from(self.method)]
    }
}

/// How many processes the short and the long test of a start method kill.
pub type Kills = [(Method, u64, u64); 3];

/// Runs the tests of all kinds, and `trials`, `test_threads` of them at a time. With other arguments, this program is the
/// controller of a run, or a worker.
pub fn main<K: Kind>(kinds: &[K], kills: Kills, mut trials: Vec<Trial>, test_threads: Option<usize>) -> ExitCode {
    if let Some(status) = child_main::<K::Worker>() {
        return status;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [CONTROL, run] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let run: Run<K> = serde_json::from_str(run).expect("a test wrote it");
        end_with_the_test();
        let begin = Instant::now();
        let report = run.kind.control(run);
        let (name, method, took) = (run.kind.name(), run.method(), begin.elapsed().as_secs_f64());
        println!("{name} by {method:?}: {report}; {took:.1} s, seed {}", run.seed);
        return ExitCode::SUCCESS;
    }
    for &kind in kinds {
        for (method, few, many) in kills {
            for (kills, words, long) in [(few, "at any moment", false), (many, "again and again", true)] {
                let method_name = method.to_possible_value().expect("no method is hidden").get_name().to_owned();
                let name = format!("{}::{method_name}::survives kills {words}", kind.name());
                let trial = Trial::test(name, move || start_controller(kind, method, kills));
                trials.push(trial.with_ignored_flag(long));
            }
        }
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(test_threads);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn start_controller<K: Kind>(kind: K, method: Method, kills: u64) -> Result<(), Failed> {
    let method = Method::value_variants().iter().position(|&other| other == method).expect("a method") as u8;
    let run = Run { kind, method, kills, seed: Random::new(&Seed::fresh()).random() };
    run_this_program(&[CONTROL, &serde_json::to_string(&run)?])
}

/// Makes the system kill this process when the test that started it has ended.
pub fn end_with_the_test() {
    prctl::set_pdeathsig(Signal::SIGKILL).expect("the system can tell when the test is gone");
}

/// Runs this program with arguments, and prints its report.
pub fn run_this_program(arguments: &[&str]) -> Result<(), Failed> {
    print!("{}", run_again(arguments, RUN_TIMEOUT, |_| {})?);
    Ok(())
}

/// The workers of a controller. Dropping it kills them, also after a failure, because a fork server ends only when its
/// last child has ended.
pub struct Workers<W: Child> {
    starter: Starter<W>,
    pub alive: Vec<Process>,
    /// Killed, but not yet reaped. The other processes must treat them as dead anyway.
    zombies: Vec<Process>,
}

impl<W: Child> Workers<W> {
    pub fn new(method: Method) -> Self {
        Self { starter: Starter::new(method).expect("one thread"), alive: Vec::new(), zombies: Vec::new() }
    }

    /// Starts one more worker.
    pub fn start(&mut self, worker: W) {
        let process = self.starter.start(worker).expect("the system has room for a process");
        self.alive.push(process);
    }

    /// Starts a worker in the place of one that has been killed.
    pub fn replace(&mut self, victim: usize, worker: W) {
        self.start(worker);
        let other = self.alive.pop().expect("it was just started");
        self.zombies.push(mem::replace(&mut self.alive[victim], other));
    }

    /// Kills all workers.
    pub fn kill_all(&mut self) {
        self.alive.iter().for_each(Process::kill);
        self.zombies.append(&mut self.alive);
    }

    /// Waits for the workers that were killed.
    pub fn reap(&mut self) {
        for zombie in self.zombies.drain(..) {
            let status = zombie.wait().expect("no other process waits for it");
            assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "a worker ended by itself");
        }
    }
}

impl<W: Child> Drop for Workers<W> {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Waits until `done`. Panics with a report if it takes too long.
pub fn wait_until(what: &str, report: impl Fn() -> String, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < WAIT_TIMEOUT, "not within {WAIT_TIMEOUT:?}: {what}: {}", report());
        thread::park_timeout(Duration::from_micros(200));
    }
}

/// Spins for some time without sleeping.
pub fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        hint::spin_loop();
    }
}
