//! Kills workers, and counts the fates of the items.

use std::sync::Arc;
use std::time::Duration;

use chapters::errors::TooMany;
use chapters::processes::shared::Shared;
use chapters::processes::{Queue, SimpleQueue};
use chapters::random::{Random, Seed};
use nix::sys::signal::Signal;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::kill::{self, Run, SPREAD, Workers, spin, wait_until};
use crate::ledger::{Fates, Ledger};
use crate::worker::{END, Item, Pipeline, Worker};

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

impl kill::Kind for Kind {
    type Worker = Worker;

    fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::SimpleQueue => "simple_queue",
        }
    }

    fn control(self, run: Run<Self>) -> String {
        let mut controller = Controller::new(self, &run);
        controller.wait_for_all(5);
        while controller.killed() < run.kills {
            controller.strike();
        }
        controller.wait_for_all(1);
        let kills = controller.killed();
        let (fates, lost) = controller.end();
        format!("{kills} kills survived, {} items delivered, {} never, {lost}", fates.delivered, fates.missing)
    }
}

struct Controller {
    memory: Arc<Shared>,
    ledger: Ledger,
    pipeline: Pipeline,
    workers: Workers<Worker>,
    killed_putters: u64,
    killed_getters: u64,
    random: Random,
}

impl Controller {
    fn new(kind: Kind, run: &Run<Kind>) -> Self {
        let mut random = Random::new(&Seed::from(run.seed as i64));
        let memory = Arc::new(
            Shared::new(Ledger::WORDS + Queue::<Item>::words(MOST_ROOM)).expect("the system has memory to share"),
        );
        let ledger = Ledger::new(&memory).expect("there is room for the ledger");
        let (maxsize, room) = (random.random_range(0..4), random.random_range(64..MOST_ROOM));
        let pipeline = match kind {
            Kind::Queue => {
                let queue = Queue::with_room(&memory, maxsize, room).expect("there is room");
                Pipeline::Queue(Box::new(queue))
            }
            Kind::SimpleQueue => Pipeline::Simple(SimpleQueue::with_room(&memory, room).expect("there is room")),
        };
        let workers = Workers::new(run.method());
        let mut controller = Self { memory, ledger, pipeline, workers, killed_putters: 0, killed_getters: 0, random };
        (0..WORKERS).for_each(|number| controller.workers.start(controller.worker(number)));
        controller
    }

    fn worker(&self, number: usize) -> Worker {
        let (memory, ledger) = (Arc::clone(&self.memory), self.ledger.clone());
        Worker { number, putters: PUTTERS, memory, ledger, pipeline: self.pipeline.clone() }
    }

    fn killed(&self) -> u64 {
        self.killed_putters + self.killed_getters
    }

    /// Kills one or more workers, and starts replacements.
    fn strike(&mut self) {
        self.spin();
        let victim = self.random.random_range(0..WORKERS);
        match self.random.random_range(0..12) {
            0 | 1 => {
                // The other processes see the stopped worker hold its resources for a while.
                self.workers.alive[victim].signal(Signal::SIGSTOP);
                self.spin();
                self.replace(&[victim]);
            }
            2 => self.replace(&(0..PUTTERS).collect::<Vec<_>>()),
            3 => self.replace(&(PUTTERS..WORKERS).collect::<Vec<_>>()),
            _ => self.replace(&[victim]),
        }
        if self.random.random_range(0..4) == 0 {
            self.workers.reap();
        }
        // Mostly strike a queue that runs normally, sometimes one that hasn't recovered yet.
        if self.random.random_range(0..4) != 0 {
            self.wait_for_all(1);
        }
    }

    fn replace(&mut self, victims: &[usize]) {
        victims.iter().for_each(|&victim| self.workers.alive[victim].kill());
        for &victim in victims {
            *if victim < PUTTERS { &mut self.killed_putters } else { &mut self.killed_getters } += 1;
            self.workers.replace(victim, self.worker(victim));
        }
    }

    fn spin(&mut self) {
        spin(Duration::from_micros(self.random.random_range(0..SPREAD)));
    }

    /// Waits until every worker has put or got this number of items more.
    fn wait_for_all(&self, items: u64) {
        let now = || (0..WORKERS).map(|worker| self.ledger.items(worker)).collect::<Vec<u64>>();
        let before = now();
        let report = || format!("after {} kills: {:?}", self.killed(), now());
        wait_until("every worker continues", report, || {
            now().iter().zip(&before).all(|(now, before)| *now >= before + items)
        });
    }

    /// Stops the putters, lets the getters finish, and counts.
    fn end(mut self) -> (Fates, String) {
        self.workers.reap();
        self.ledger.stop();
        let getters = self.workers.alive.split_off(PUTTERS);
        for putter in self.workers.alive.drain(..) {
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
                "not counted as lost".to_owned()
            }
        };
        (fates, lost)
    }
}
