//! Kills workers, and checks that the others continue.

use std::fmt::Write;
use std::fs;
use std::hint;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chapters::processes::shared::{Place, Shared};
use chapters::processes::start::{Child, Method, Process, Starter};
use chapters::random::{Random, Seed};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::board::{Board, LIMIT};
use crate::scenes::{Kind, Scene};

/// The longest time before a kill.
const SPREAD: u64 = 1000;

/// The longest time that a stopped process stays stopped: longer than the interval at which waiters check that the
/// holder is alive.
const STOP: u64 = 30_000;

/// How many words of shared memory a scene and its board have.
const WORDS: usize = 4096;

/// How many iterations each worker completes before the first kill.
const PEACE: u64 = 20;

/// A worker process.
pub struct Worker {
    kind: Kind,
    memory: Arc<Shared>,
    board: Board,
    places: Vec<Place>,
    number: usize,
    seed: u64,
}

impl Child for Worker {
    type Preparation = (Kind, Place, Vec<Place>, usize, u64);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        let preparation = (self.kind, self.board.place(), self.places.clone(), self.number, self.seed);
        Ok((preparation, vec![self.memory.as_fd()]))
    }

    fn unpack(preparation: Self::Preparation, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let (kind, board, places, number, seed) = preparation;
        let memory = Arc::new(Shared::map(files.pop().ok_or(io::ErrorKind::InvalidData)?)?);
        let board = Board::at(&memory, board, kind.workers())?;
        Ok(Self { kind, memory, board, places, number, seed })
    }

    fn run(self) {
        let scene = self.kind.at(&self.memory, &self.places).expect("the scene is there");
        let mut me = Me { number: self.number, board: self.board, random: Random::new(&Seed::from(self.seed as i64)) };
        loop {
            if scene.turn(&mut me) {
                me.board.turn(me.number);
            }
        }
    }
}

/// A worker's own data.
pub struct Me {
    pub number: usize,
    pub board: Board,
    random: Random,
}

impl Me {
    /// A number below `end`.
    pub fn dice(&mut self, end: u64) -> u64 {
        self.random.random_range(0..end)
    }

    /// Spins for less than `micros` microseconds.
    pub fn linger(&mut self, micros: u64) {
        linger(Duration::from_nanos(self.dice(micros * 1000)));
    }
}

fn linger(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        hint::spin_loop();
    }
}

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Performance {
    pub kind: Kind,
    pub method: u8,
    pub kills: u64,
    pub seed: u64,
}

impl Performance {
    /// Kills the given number of times, and returns a report.
    pub fn conduct(self) -> String {
        prctl::set_pdeathsig(Signal::SIGKILL).expect("the system can tell when the test is gone");
        let method = [Method::Fork, Method::Spawn, Method::Forkserver][usize::from(self.method)];
        let begin = Instant::now();
        let mut conductor = Conductor::new(self, Starter::new(method).expect("one thread"));
        conductor.go_on(PEACE);
        assert_eq!(conductor.board.told(), 0, "nobody was killed, and somebody was told");
        while conductor.killed < self.kills {
            conductor.strike();
        }
        conductor.go_on(1);
        let (kills, told) = (conductor.killed, conductor.board.told());
        let lost = conductor.end();
        assert!(told <= kills, "{kills} were killed, and {told} were told");
        if self.kind.tells() && kills >= 100 {
            assert!(told > 0, "{kills} were killed, and nobody was told");
        }
        let Self { kind, seed, .. } = self;
        let took = begin.elapsed().as_secs_f64();
        format!(
            "{} by {method:?}: {kills} kills survived in {took:.1} s, {told} told, {lost}; seed {seed}",
            kind.name()
        )
    }
}

struct Conductor {
    performance: Performance,
    starter: Starter<Worker>,
    memory: Arc<Shared>,
    board: Board,
    scene: Box<dyn Scene>,
    workers: Vec<Process>,
    /// Killed, but not yet reaped. The other processes must treat them as dead anyway.
    zombies: Vec<Process>,
    killed: u64,
    random: Random,
}

impl Conductor {
    fn new(performance: Performance, starter: Starter<Worker>) -> Self {
        let memory = Arc::new(Shared::new(WORDS).expect("the system has memory to share"));
        let board = Board::new(&memory, performance.kind.workers()).expect("there is room for the board");
        let scene = performance.kind.make(&memory).expect("there is room for the scene");
        let random = Random::new(&Seed::from(performance.seed as i64));
        let (workers, zombies) = (Vec::new(), Vec::new());
        let mut conductor = Self { performance, starter, memory, board, scene, workers, zombies, killed: 0, random };
        for number in 0..performance.kind.workers() {
            let worker = conductor.start(number);
            conductor.workers.push(worker);
        }
        conductor
    }

    fn start(&mut self, number: usize) -> Process {
        let (kind, board) = (self.performance.kind, self.board.clone());
        let (memory, places) = (Arc::clone(&self.memory), self.scene.places());
        let worker = Worker { kind, memory, board, places, number, seed: self.random.random_range(0..1 << 40) };
        self.starter.start(worker).expect("the system has room for a process")
    }

    /// Kills one or more workers and starts replacements, or stops a worker for a while.
    fn strike(&mut self) {
        self.linger(SPREAD);
        let victim = self.random.random_range(0..self.workers.len());
        let victims = match self.random.random_range(0..12) {
            0 => {
                // Other workers now wait for the resource.
                let moment = Duration::from_micros(self.random.random_range(0..SPREAD));
                let Self { scene, board, workers, .. } = self;
                scene.hold(board, &mut || {
                    linger(moment);
                    workers[victim].kill();
                });
                vec![victim]
            }
            1 => {
                self.signal(victim, Signal::SIGSTOP);
                self.linger(STOP);
                self.workers[victim].kill();
                vec![victim]
            }
            2 => {
                // The victim is still alive, and must find its resource unchanged.
                self.signal(victim, Signal::SIGSTOP);
                self.linger(STOP);
                self.signal(victim, Signal::SIGCONT);
                vec![]
            }
            3 => {
                if self.performance.kind == Kind::Barrier {
                    // After a complete round, the barrier knows all workers, and none is about to reset it.
                    let complete = self.scene.rounds() + 2;
                    self.until("a round is complete", || self.scene.rounds() >= complete);
                }
                let victims: Vec<usize> = (0..self.workers.len()).filter(|&worker| worker != victim).collect();
                victims.iter().for_each(|&victim| self.workers[victim].kill());
                if self.performance.kind.goes_on_alone() {
                    self.goes_on(1, &[victim]);
                }
                victims
            }
            _ => {
                self.workers[victim].kill();
                vec![victim]
            }
        };
        self.killed += victims.len() as u64;
        for victim in victims {
            let other = self.start(victim);
            let killed = std::mem::replace(&mut self.workers[victim], other);
            self.zombies.push(killed);
        }
        if self.random.random_range(0..4) == 0 {
            self.bury();
        }
        // Mostly strike a scene that runs normally, sometimes one that hasn't recovered yet.
        if self.random.random_range(0..4) != 0 {
            self.go_on(1);
        }
    }

    fn linger(&mut self, micros: u64) {
        linger(Duration::from_micros(self.random.random_range(0..micros)));
    }

    fn signal(&self, worker: usize, signal: Signal) {
        self.workers[worker].signal(signal);
    }

    fn bury(&mut self) {
        for zombie in self.zombies.drain(..) {
            let status = zombie.wait().expect("nobody else waits for it");
            assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "a worker ended by itself");
        }
    }

    /// Waits until every worker has completed `turns` more iterations.
    fn go_on(&self, turns: u64) {
        self.goes_on(turns, &(0..self.workers.len()).collect::<Vec<_>>());
    }

    fn goes_on(&self, turns: u64, workers: &[usize]) {
        let before = self.board.turns();
        self.until("all go on", || {
            let now = self.board.turns();
            workers.iter().all(|&worker| now[worker] >= before[worker] + turns)
        });
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let begin = Instant::now();
        while !done() {
            assert!(!self.board.has_failed(), "something does not hold, see above");
            let killed = self.killed;
            assert!(begin.elapsed() < LIMIT, "not within {LIMIT:?} after {killed} kills: {what}: {}", self.report());
            thread::park_timeout(Duration::from_micros(200));
        }
    }

    fn report(&self) -> String {
        let mut report = format!("{:?}\n", self.scene);
        for (worker, turns) in self.workers.iter().zip(self.board.turns()) {
            let stat = fs::read_to_string(format!("/proc/{}/stat", worker.pid())).unwrap_or_default();
            let _ = writeln!(report, "{turns} turns: {}", &stat[..stat.len().min(60)]);
        }
        report
    }

    /// Kills all workers, and reports the work that was lost.
    fn end(mut self) -> String {
        let killed = self.killed;
        self.workers.iter().for_each(Process::kill);
        self.zombies.append(&mut self.workers);
        self.bury();
        let turns: u64 = self.board.turns().iter().sum();
        let all = killed + self.performance.kind.workers() as u64;
        assert!(!self.board.has_failed(), "something does not hold, see above");
        self.scene.check(&self.board, turns, all)
    }
}

impl Drop for Conductor {
    /// Also runs after a failure, because a fork server ends only when its last child has ended.
    fn drop(&mut self) {
        self.workers.iter().for_each(Process::kill);
    }
}
