//! Kills workers, and checks that the others continue.

use std::fmt::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, hint, io, mem, thread};

use chapters::processes::shared::{Place, Shared};
use chapters::processes::start::{Child, Method, Process, Starter};
use chapters::random::{Random, Seed};
use nix::sys::signal::Signal;
use rand::RngExt;

use crate::board::Board;
use crate::scenes::{Kind, Scene};

/// The longest time that a process may wait inside a run. A longer wait counts as hung.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(90);

/// The longest time before a kill, in microseconds.
const SPREAD: u64 = 1000;

/// The longest time that a stopped process stays stopped: longer than the interval at which waiters check that the
/// holder is alive.
const STOP: u64 = 30_000;

/// How many iterations each worker completes before the first kill.
const PEACE: u64 = 20;

/// A worker process.
pub struct Worker {
    kind: Kind,
    memory: Arc<Shared>,
    /// Where the board is, and then where the parts of the scene are.
    places: Vec<Place>,
    number: usize,
    seed: i64,
}

impl Child for Worker {
    type Preparation = (Kind, Vec<Place>, usize, i64);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        Ok(((self.kind, self.places.clone(), self.number, self.seed), vec![self.memory.as_fd()]))
    }

    fn unpack(preparation: Self::Preparation, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let (kind, places, number, seed) = preparation;
        let memory = Arc::new(Shared::map(files.pop().ok_or(io::ErrorKind::InvalidData)?)?);
        Ok(Self { kind, memory, places, number, seed })
    }

    fn run(self) {
        let (board, scene) = attach(self.kind, &self.memory, &self.places).expect("the scene is there");
        let mut me = Me { number: self.number, board, random: Random::new(&Seed::from(self.seed)) };
        loop {
            if scene.iterate(&mut me) {
                me.board.count_iteration(me.number);
            }
        }
    }
}

fn attach(kind: Kind, memory: &Arc<Shared>, places: &[Place]) -> io::Result<(Board, Box<dyn Scene>)> {
    let board = Board(memory.at(places[0], Board::words(kind.workers()))?);
    Ok((board, kind.at(memory, &places[1..])?))
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

/// Lets workers run, kills as many as `kills` says, and checks the invariants. Returns a report.
pub fn control(kind: Kind, method: Method, kills: u64) -> String {
    let seed = i64::from(rand::random::<u32>());
    let mut controller = Controller::new(kind, method, seed);
    controller.wait_for_all(PEACE);
    assert_eq!(controller.board.abandoned(), 0, "no process was killed, and one was reported dead");
    while controller.all_killed() < kills {
        controller.strike();
    }
    controller.wait_for_all(1);
    let (killed, abandoned) = (controller.all_killed(), controller.board.abandoned());
    assert!(abandoned <= killed, "{killed} were killed, and {abandoned} were reported dead");
    if kind.reports_deaths() && kills >= 100 {
        assert!(abandoned > 0, "{killed} were killed, and none was reported dead");
    }
    format!("{killed} kills survived, {abandoned} reported, {}; seed {seed}", controller.end())
}

/// Dropping it kills the workers, also after a failure, because a fork server ends only when its last child has ended.
struct Controller {
    kind: Kind,
    memory: Arc<Shared>,
    places: Vec<Place>,
    board: Board,
    scene: Box<dyn Scene>,
    starter: Starter<Worker>,
    alive: Vec<Process>,
    /// Killed, but not yet reaped. The other processes must treat them as dead anyway.
    zombies: Vec<Process>,
    /// How many times each worker was killed.
    killed: Vec<u64>,
    random: Random,
}

impl Controller {
    fn new(kind: Kind, method: Method, seed: i64) -> Self {
        let mut random = Random::new(&Seed::from(seed));
        let memory = Arc::new(Shared::new(kind.words()).expect("the system has memory to share"));
        let mut places = vec![memory.place(Board::words(kind.workers())).expect("there is room for the board")];
        places.extend(kind.make(&memory, &mut random).expect("there is room for the scene"));
        let (board, scene) = attach(kind, &memory, &places).expect("the scene is there");
        let starter = Starter::new(method).expect("one thread");
        let (alive, zombies, killed) = (Vec::new(), Vec::new(), vec![0; kind.workers()]);
        let mut controller = Self { kind, memory, places, board, scene, starter, alive, zombies, killed, random };
        for number in 0..kind.workers() {
            let worker = controller.start(number);
            controller.alive.push(worker);
        }
        controller
    }

    fn start(&mut self, number: usize) -> Process {
        let (memory, places, seed) = (Arc::clone(&self.memory), self.places.clone(), self.random.random());
        let worker = Worker { kind: self.kind, memory, places, number, seed };
        self.starter.start(worker).expect("the system has room for a process")
    }

    fn all_killed(&self) -> u64 {
        self.killed.iter().sum()
    }

    /// Kills one or more workers and starts replacements, or stops a worker for a while.
    fn strike(&mut self) {
        self.spin(SPREAD);
        let victim = self.random.random_range(0..self.kind.workers());
        let victims = match self.random.random_range(0..12) {
            0 => {
                // Other workers now wait for the resource.
                let moment = Duration::from_micros(self.random.random_range(0..SPREAD));
                self.scene.hold(&self.board, &mut || {
                    spin(moment);
                    self.alive[victim].kill();
                });
                vec![victim]
            }
            1 => {
                self.alive[victim].signal(Signal::SIGSTOP);
                self.spin(STOP);
                self.alive[victim].kill();
                vec![victim]
            }
            2 => {
                // The victim is still alive, and must find its resource unchanged.
                self.alive[victim].signal(Signal::SIGSTOP);
                self.spin(STOP);
                self.alive[victim].signal(Signal::SIGCONT);
                vec![]
            }
            3 => {
                if self.kind == Kind::Barrier {
                    // After a complete round, the barrier knows all workers, and none is about to reset it.
                    let complete = self.scene.rounds() + 2;
                    self.wait_until("a round is complete", || self.scene.rounds() >= complete);
                }
                let victims: Vec<usize> = (0..self.kind.workers()).filter(|&worker| worker != victim).collect();
                victims.iter().for_each(|&victim| self.alive[victim].kill());
                if self.kind.goes_on_alone() {
                    self.wait_for(1, &[victim]);
                }
                victims
            }
            _ => {
                self.alive[victim].kill();
                vec![victim]
            }
        };
        for victim in victims {
            self.killed[victim] += 1;
            let successor = self.start(victim);
            self.zombies.push(mem::replace(&mut self.alive[victim], successor));
        }
        if self.random.random_range(0..4) == 0 {
            self.reap();
        }
        // Mostly strike a scene that runs normally, sometimes one that hasn't recovered yet.
        if self.random.random_range(0..4) != 0 {
            self.wait_for_all(1);
        }
    }

    fn spin(&mut self, micros: u64) {
        spin(Duration::from_micros(self.random.random_range(0..micros)));
    }

    /// Waits for the workers that were killed.
    fn reap(&mut self) {
        for zombie in self.zombies.drain(..) {
            let status = zombie.wait().expect("no other process waits for it");
            assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "a worker ended by itself");
        }
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
        let begin = Instant::now();
        while !done() {
            assert!(!self.board.has_failed(), "an invariant is violated, see above");
            assert!(begin.elapsed() < WAIT_TIMEOUT, "not within {WAIT_TIMEOUT:?}: {what}: {}", self.report());
            thread::park_timeout(Duration::from_micros(200));
        }
    }

    fn report(&self) -> String {
        let mut report = format!("after {} kills: {:?}\n", self.all_killed(), self.scene);
        for (worker, iterations) in self.alive.iter().zip(self.board.iterations()) {
            let stat = fs::read_to_string(format!("/proc/{}/stat", worker.pid())).unwrap_or_default();
            let _ = writeln!(report, "{iterations} iterations: {}", &stat[..stat.len().min(60)]);
        }
        report
    }

    /// Kills all workers, and reports the work that was lost.
    fn end(mut self) -> String {
        self.alive.iter().for_each(Process::kill);
        self.killed.iter_mut().for_each(|killed| *killed += 1);
        self.zombies.append(&mut self.alive);
        self.reap();
        assert!(!self.board.has_failed(), "an invariant is violated, see above");
        self.scene.check(&self.board, self.board.iterations().iter().sum(), &self.killed)
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.alive.iter().for_each(Process::kill);
    }
}

/// Spins for some time without sleeping.
pub fn spin(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        hint::spin_loop();
    }
}
