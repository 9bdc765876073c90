//! Kills workers, and counts the fates of the items.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chapters::errors::TooMany;
use chapters::processes::shared::Shared;
use chapters::processes::start::{Method, Process, Starter};
use chapters::processes::{Queue, SimpleQueue};
use chapters::random::{Random, Seed};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::ledger::{Fates, Ledger};
use crate::worker::{END, Item, LIMIT, Pipeline, Worker, linger};

/// The longest time before a kill, in microseconds.
const SPREAD: u64 = 1000;

/// The maximum capacity of a queue, in bytes.
const MOST_ROOM: usize = 512;

/// The numbers of putters and getters.
const PUTTERS: usize = 2;
const WORKERS: usize = 5;

/// The queue under test.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Kind {
    Queue,
    SimpleQueue,
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
        conductor.goes_on(5);
        while conductor.killed() < self.kills {
            conductor.strike();
        }
        conductor.goes_on(1);
        let kills = conductor.killed();
        let (fates, lost) = conductor.end();
        let took = begin.elapsed().as_secs_f64();
        format!(
            "{:?} by {method:?}: {kills} kills survived in {took:.1} s, {} items delivered, {} never, {lost}; seed {}",
            self.kind, fates.delivered, fates.missing, self.seed
        )
    }
}

struct Conductor {
    starter: Starter<Worker>,
    memory: Arc<Shared>,
    ledger: Ledger,
    pipeline: Pipeline,
    workers: Vec<Process>,
    /// Killed, but not yet reaped. The other processes must treat them as dead anyway.
    zombies: Vec<Process>,
    killed_putters: u64,
    killed_getters: u64,
    random: Random,
}

impl Conductor {
    fn new(performance: Performance, starter: Starter<Worker>) -> Self {
        let mut random = Random::new(&Seed::from(performance.seed as i64));
        let memory = Arc::new(
            Shared::new(Ledger::WORDS + Queue::<Item>::words(MOST_ROOM)).expect("the system has memory to share"),
        );
        let ledger = Ledger::new(&memory).expect("there is room for the ledger");
        let (maxsize, room) = (random.random_range(0..4), random.random_range(64..MOST_ROOM));
        let pipeline = match performance.kind {
            Kind::Queue => {
                let queue = Queue::with_room(&memory, maxsize, room).expect("there is room");
                Pipeline::Queue(Box::new(queue))
            }
            Kind::SimpleQueue => Pipeline::Simple(SimpleQueue::with_room(&memory, room).expect("there is room")),
        };
        let (workers, zombies) = (Vec::new(), Vec::new());
        let (killed_putters, killed_getters) = (0, 0);
        let mut conductor =
            Self { starter, memory, ledger, pipeline, workers, zombies, killed_putters, killed_getters, random };
        for number in 0..WORKERS {
            let worker = conductor.start(number);
            conductor.workers.push(worker);
        }
        conductor
    }

    fn start(&self, number: usize) -> Process {
        let (memory, ledger) = (Arc::clone(&self.memory), self.ledger.clone());
        let worker = Worker { number, putters: PUTTERS, memory, ledger, pipeline: self.pipeline.clone() };
        self.starter.start(worker).expect("the system has room for a process")
    }

    fn killed(&self) -> u64 {
        self.killed_putters + self.killed_getters
    }

    /// Kills one or more workers, and starts replacements.
    fn strike(&mut self) {
        self.linger();
        let victim = self.random.random_range(0..WORKERS);
        match self.random.random_range(0..12) {
            0 | 1 => {
                // The other processes see the stopped worker hold its resources for a while.
                kill(self.workers[victim].pid(), Signal::SIGSTOP).expect("the worker is there");
                self.linger();
                self.replace(&[victim]);
            }
            2 => self.replace(&(0..PUTTERS).collect::<Vec<_>>()),
            3 => self.replace(&(PUTTERS..WORKERS).collect::<Vec<_>>()),
            _ => self.replace(&[victim]),
        }
        if self.random.random_range(0..4) == 0 {
            self.bury();
        }
        // Mostly strike a queue that runs normally, sometimes one that hasn't recovered yet.
        if self.random.random_range(0..4) != 0 {
            self.goes_on(1);
        }
    }

    fn replace(&mut self, victims: &[usize]) {
        victims.iter().for_each(|&victim| self.workers[victim].kill());
        for &victim in victims {
            *if victim < PUTTERS { &mut self.killed_putters } else { &mut self.killed_getters } += 1;
            let other = self.start(victim);
            self.zombies.push(std::mem::replace(&mut self.workers[victim], other));
        }
    }

    fn linger(&mut self) {
        linger(Duration::from_micros(self.random.random_range(0..SPREAD)));
    }

    fn bury(&mut self) {
        for zombie in self.zombies.drain(..) {
            let status = zombie.wait().expect("nobody else waits for it");
            assert_eq!(status.signal(), Some(Signal::SIGKILL as i32), "a worker ended by itself");
        }
    }

    /// Waits until every worker has put or got `turns` more items.
    fn goes_on(&self, turns: u64) {
        let before: Vec<u64> = (0..WORKERS).map(|worker| self.ledger.turns(worker)).collect();
        self.until("every worker goes on", || {
            (0..WORKERS).all(|worker| self.ledger.turns(worker) >= before[worker] + turns)
        });
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let begin = Instant::now();
        while !done() {
            let turns: Vec<u64> = (0..WORKERS).map(|worker| self.ledger.turns(worker)).collect();
            assert!(
                begin.elapsed() < LIMIT,
                "not within {LIMIT:?} that {what}, after {} kills: {turns:?}",
                self.killed()
            );
            thread::park_timeout(Duration::from_micros(100));
        }
    }

    /// Stops the putters, lets the getters finish, and counts.
    fn end(mut self) -> (Fates, String) {
        self.bury();
        self.ledger.stop();
        let getters = self.workers.split_off(PUTTERS);
        for putter in self.workers.drain(..) {
            assert!(putter.wait().is_ok_and(|status| status.success()), "a putter failed");
        }
        match &self.pipeline {
            Pipeline::Queue(queue) => {
                queue.join();
                queue.shutdown(false);
            }
            Pipeline::Simple(_) => {
                getters.iter().for_each(|_| self.pipeline.put(Item::new(END)).expect("room in time"));
            }
        }
        for getter in getters {
            assert!(getter.wait().is_ok_and(|status| status.success()), "a getter failed");
        }
        let fates = self.ledger.fates();
        let Fates { missing, perhaps_put, perhaps_done, .. } = fates;
        assert!(missing <= self.killed_getters, "{fates:?}, but {} getters killed", self.killed_getters);
        assert!(perhaps_put <= self.killed_putters, "{fates:?}, but {} putters killed", self.killed_putters);
        let lost = match &self.pipeline {
            Pipeline::Queue(queue) => {
                let lost = queue.lost() as u64;
                let possible = missing..=missing + perhaps_put + perhaps_done;
                assert!(
                    possible.contains(&lost) && lost <= self.killed_getters,
                    "{lost} counted as lost, but {fates:?}"
                );
                assert_eq!((queue.len(), queue.task_done()), (0, Err(TooMany)));
                format!("{lost} in the hands of the dead")
            }
            Pipeline::Simple(queue) => {
                assert!(queue.is_empty());
                "nobody counts".to_owned()
            }
        };
        (fates, lost)
    }
}
