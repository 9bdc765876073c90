//! Kills workers, and checks that the others continue.

use std::fmt::Write;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use chapters::processes::shared::{Place, Shared};
use chapters::processes::start::Child;
use chapters::random::{Random, Seed};
use nix::sys::signal::Signal;
use rand::RngExt;

use crate::board::Board;
use crate::kill::{self, Run, SPREAD, Workers, spin, wait_until};
use crate::scenes::{Kind, Scene};

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
            if scene.iterate(&mut me) {
                me.board.count_iteration(me.number);
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
    pub fn random_below(&mut self, end: u64) -> u64 {
        self.random.random_range(0..end)
    }

    /// Spins for less than `micros` microseconds.
    pub fn spin(&mut self, micros: u64) {
        spin(Duration::from_nanos(self.random_below(micros * 1000)));
    }
}

impl kill::Kind for Kind {
    type Worker = Worker;

    fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::RLock => "rlock",
            Self::ConditionForAll => "condition_for_all",
            Self::ConditionForOne => "condition_for_one",
            Self::Event => "event",
            Self::Semaphore => "semaphore",
            Self::Barrier => "barrier",
        }
    }

    fn control(self, run: Run<Self>) -> String {
        let mut controller = Controller::new(self, &run);
        controller.wait_for_all(PEACE);
        assert_eq!(controller.board.abandoned(), 0, "no process was killed, and one was reported dead");
        while controller.killed < run.kills {
            controller.strike();
        }
        controller.wait_for_all(1);
        let (kills, abandoned) = (controller.killed, controller.board.abandoned());
        let lost = controller.end();
        assert!(abandoned <= kills, "{kills} were killed, and {abandoned} were reported dead");
        if self.reports_deaths() && kills >= 100 {
            assert!(abandoned > 0, "{kills} were killed, and none was reported dead");
        }
        format!("{kills} kills survived, {abandoned} reported, {lost}")
    }
}

struct Controller {
    kind: Kind,
    memory: Arc<Shared>,
    board: Board,
    scene: Box<dyn Scene>,
    workers: Workers<Worker>,
    killed: u64,
    random: Random,
}

impl Controller {
    fn new(kind: Kind, run: &Run<Kind>) -> Self {
        let memory = Arc::new(Shared::new(WORDS).expect("the system has memory to share"));
        let board = Board::new(&memory, kind.workers()).expect("there is room for the board");
        let scene = kind.make(&memory).expect("there is room for the scene");
        let (workers, random) = (Workers::new(run.method()), Random::new(&Seed::from(run.seed as i64)));
        let mut controller = Self { kind, memory, board, scene, workers, killed: 0, random };
        for number in 0..kind.workers() {
            let worker = controller.worker(number);
            controller.workers.start(worker);
        }
        controller
    }

    fn worker(&mut self, number: usize) -> Worker {
        let (kind, board) = (self.kind, self.board.clone());
        let (memory, places) = (Arc::clone(&self.memory), self.scene.places());
        Worker { kind, memory, board, places, number, seed: self.random.random_range(0..1 << 40) }
    }

    /// Kills one or more workers and starts replacements, or stops a worker for a while.
    fn strike(&mut self) {
        self.spin(SPREAD);
        let victim = self.random.random_range(0..self.kind.workers());
        let victims = match self.random.random_range(0..12) {
            0 => {
                // Other workers now wait for the resource.
                let moment = Duration::from_micros(self.random.random_range(0..SPREAD));
                let Self { scene, board, workers, .. } = self;
                scene.hold(board, &mut || {
                    spin(moment);
                    workers.alive[victim].kill();
                });
                vec![victim]
            }
            1 => {
                self.signal(victim, Signal::SIGSTOP);
                self.spin(STOP);
                self.workers.alive[victim].kill();
                vec![victim]
            }
            2 => {
                // The victim is still alive, and must find its resource unchanged.
                self.signal(victim, Signal::SIGSTOP);
                self.spin(STOP);
                self.signal(victim, Signal::SIGCONT);
                vec![]
            }
            3 => {
                if self.kind == Kind::Barrier {
                    // After a complete round, the barrier knows all workers, and none is about to reset it.
                    let complete = self.scene.rounds() + 2;
                    self.wait_until("a round is complete", || self.scene.rounds() >= complete);
                }
                let victims: Vec<usize> = (0..self.kind.workers()).filter(|&worker| worker != victim).collect();
                victims.iter().for_each(|&victim| self.workers.alive[victim].kill());
                if self.kind.goes_on_alone() {
                    self.wait_for(1, &[victim]);
                }
                victims
            }
            _ => {
                self.workers.alive[victim].kill();
                vec![victim]
            }
        };
        self.killed += victims.len() as u64;
        for victim in victims {
            let worker = self.worker(victim);
            self.workers.replace(victim, worker);
        }
        if self.random.random_range(0..4) == 0 {
            self.workers.reap();
        }
        // Mostly strike a scene that runs normally, sometimes one that hasn't recovered yet.
        if self.random.random_range(0..4) != 0 {
            self.wait_for_all(1);
        }
    }

    fn spin(&mut self, micros: u64) {
        spin(Duration::from_micros(self.random.random_range(0..micros)));
    }

    fn signal(&self, worker: usize, signal: Signal) {
        self.workers.alive[worker].signal(signal);
    }

    /// Waits until every worker has completed this number of iterations more.
    fn wait_for_all(&self, iterations: u64) {
        self.wait_for(iterations, &(0..self.kind.workers()).collect::<Vec<_>>());
    }

    fn wait_for(&self, iterations: u64, workers: &[usize]) {
        let before = self.board.iterations();
        self.wait_until("the workers continue", || {
            let now = self.board.iterations();
            workers.iter().all(|&worker| now[worker] >= before[worker] + iterations)
        });
    }

    fn wait_until(&self, what: &str, done: impl Fn() -> bool) {
        let report = || format!("after {} kills: {}", self.killed, self.report());
        wait_until(what, report, || {
            assert!(!self.board.has_failed(), "an invariant is violated, see above");
            done()
        });
    }

    fn report(&self) -> String {
        let mut report = format!("{:?}\n", self.scene);
        for (worker, iterations) in self.workers.alive.iter().zip(self.board.iterations()) {
            let stat = fs::read_to_string(format!("/proc/{}/stat", worker.pid())).unwrap_or_default();
            let _ = writeln!(report, "{iterations} iterations: {}", &stat[..stat.len().min(60)]);
        }
        report
    }

    /// Kills all workers, and reports the work that was lost.
    fn end(mut self) -> String {
        self.workers.kill_all();
        self.workers.reap();
        let iterations: u64 = self.board.iterations().iter().sum();
        let all = self.killed + self.kind.workers() as u64;
        assert!(!self.board.has_failed(), "an invariant is violated, see above");
        self.scene.check(&self.board, iterations, all)
    }
}
