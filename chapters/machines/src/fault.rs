//! Kills of workers, brokers, and connections, at random moments or when standard input asks for them.
//!
//! A random moment isn't a time but a number of started jobs, drawn from the seed, so it's within the run on any
//! machine. Which worker or broker is hit is drawn as well, among those that are at work.

use std::collections::VecDeque;
use std::fmt;
use std::process;
use std::time::Duration;

use chapters::random::{CPythonFloat, Random, Seed};
use clap::ValueEnum;
use rand::distr::Distribution;
use tokio::time::sleep;

/// How long a worker with a poisonous job lives on, long enough that its records are usually stored.
const DYING: Duration = Duration::from_millis(100);

/// The exit status of a worker that crashes, which is that of a panic.
const CRASHED: i32 = 101;

/// The target of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// A worker, with the job that it is doing
    Worker,
    /// A broker, which is started again after a second
    Broker,
    /// The broker that leads the queue of jobs, which is started again after a second
    Leader,
    /// The connection of a worker, until another worker has got its job
    Network,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

impl Fault {
    /// Whether the fault needs a broker that the demo has started.
    pub fn is_of_broker(self) -> bool {
        matches!(self, Fault::Broker | Fault::Leader)
    }
}

/// The faults of a run, in the order of their moments.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    waiting: VecDeque<(u64, Fault)>,
}

impl Faults {
    /// Draws the moments of the faults in a run of this number of jobs.
    pub fn new(seed: &Seed, faults: &[Fault], jobs: u64) -> Self {
        let mut random = Random::new(seed);
        let mut moment = || (CPythonFloat.sample(&mut random) * jobs as f64 * 0.8) as u64 + 1;
        let mut waiting: Vec<(u64, Fault)> = faults.iter().map(|fault| (moment(), *fault)).collect();
        waiting.sort_by_key(|(moment, _)| *moment);
        Self { random, waiting: waiting.into() }
    }

    /// The next fault, if its moment has come.
    pub fn due(&self, started: u64) -> Option<Fault> {
        self.waiting.front().filter(|(moment, _)| *moment <= started).map(|(_, fault)| *fault)
    }

    /// Adds a fault whose moment is now, unless the same one is still to come.
    pub fn add(&mut self, fault: Fault) {
        if !self.waiting.contains(&(0, fault)) {
            self.waiting.push_front((0, fault));
        }
    }

    /// Removes the next fault, which has been carried out.
    pub fn done(&mut self) {
        self.waiting.pop_front();
    }

    /// Draws one of the `choices`.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = (CPythonFloat.sample(&mut self.random) * choices.len() as f64) as usize;
        choices.get(index).copied()
    }
}

/// Ends the process as a job does that crashes its worker, after a moment in which the records can be sent.
pub(crate) async fn crash() -> ! {
    sleep(DYING).await;
    process::exit(CRASHED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_moments_within_the_run() {
        let faults = [Fault::Worker, Fault::Leader, Fault::Network];
        let moments = || Faults::new(&Seed::from(7), &faults, 100).waiting;
        assert_eq!(moments(), moments());
        assert!(moments().iter().all(|(moment, _)| (1..=81).contains(moment)));
        assert!(moments().iter().is_sorted_by_key(|(moment, _)| *moment));
    }

    #[test]
    fn a_fault_that_is_asked_for_comes_next_and_once() {
        let mut faults = Faults::new(&Seed::from(1), &[Fault::Worker], 10);
        faults.add(Fault::Leader);
        faults.add(Fault::Leader);
        assert_eq!(faults.due(0), Some(Fault::Leader));
        faults.done();
        assert_eq!(faults.due(0), None);
    }

    #[test]
    fn a_fault_waits_for_its_moment() {
        let mut faults = Faults::new(&Seed::from(1), &[Fault::Worker], 10);
        assert_eq!((faults.due(0), faults.due(9)), (None, Some(Fault::Worker)));
        faults.done();
        assert_eq!(faults.due(9), None);
    }
}
