//! Who has how many tasks in hand: what a [`Queue`](super::Queue) needs in order to know what it lost by a death.
//!
//! Python's `JoinableQueue` only counts the tasks. A process that dies takes along the knowledge of what it had, and `join`
//! waits for ever.

use std::sync::atomic::Ordering;

use bytemuck::{Pod, Zeroable};

use crate::processes::os::holder::Holder;
use crate::processes::os::shared::Words;

/// How many processes can be told apart that have tasks in hand at the same time.
pub const TAKERS: usize = 1024;

/// How many words a taker has: which process it is, and how many tasks it has in hand.
const TAKER: usize = 2;

/// A table of processes that have taken tasks. All orderings are relaxed, since who uses it holds the queue's lock.
#[derive(Clone, Debug)]
pub struct Tallies {
    words: Words,
}

/// What the last holder of the lock has changed in the table, or was about to.
///
/// It is part of what the lock guards, so it is committed together with the rest. The table itself is not; so whoever is
/// next carries out the change, for the second time perhaps, before anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Change {
    slot: u64,
    taker: Holder,
    tasks: u64,
}

impl Tallies {
    /// How many words it takes.
    pub const WORDS: usize = TAKERS * TAKER;

    /// The table in these words.
    pub fn new(words: Words) -> Self {
        Self { words }
    }

    /// Counts a task for this process. If there are too many others, nobody will know whose task it was.
    pub fn add(&self, last: &mut Change) {
        self.carry_out(*last);
        let me = Holder::this_process();
        let mut free = None;
        for slot in Self::slots(me) {
            let (taker, tasks) = self.slot(slot);
            if taker == me {
                *last = Change { slot: slot as u64, taker: me, tasks: tasks.saturating_add(1) };
                return;
            }
            if tasks == 0 {
                free = free.or(Some(slot));
            }
            if taker == Holder::NOBODY {
                break;
            }
        }
        if let Some(slot) = free {
            *last = Change { slot: slot as u64, taker: me, tasks: 1 };
        }
    }

    /// Counts a task as done: one of this process; or if it has none, because it does what another one took, any.
    pub fn remove(&self, last: &mut Change) {
        self.carry_out(*last);
        let me = Holder::this_process();
        let busy = |&slot: &usize| self.slot(slot).1 > 0;
        let mine = Self::slots(me).take_while(|&slot| self.slot(slot).0 != Holder::NOBODY);
        let mine = mine.filter(busy).find(|&slot| self.slot(slot).0 == me);
        if let Some(slot) = mine.or_else(|| Self::slots(me).find(busy)) {
            let (taker, tasks) = self.slot(slot);
            *last = Change { slot: slot as u64, taker, tasks: tasks - 1 };
        }
    }

    /// Finds a process that died with tasks in hand, and says how many. From then on it has none.
    pub fn bury_one(&self, last: &mut Change) -> Option<u64> {
        self.carry_out(*last);
        let slot = (0..TAKERS).find(|&slot| {
            let (taker, tasks) = self.slot(slot);
            tasks > 0 && taker.is_dead()
        })?;
        let (taker, tasks) = self.slot(slot);
        *last = Change { slot: slot as u64, taker, tasks: 0 };
        Some(tasks)
    }

    /// Where to look for a process: first at a place of its own, then at all others. A place that nobody has ever had
    /// ends the search.
    fn slots(taker: Holder) -> impl Iterator<Item = usize> {
        let first = taker.word() as usize % TAKERS;
        (first..TAKERS).chain(0..first)
    }

    fn slot(&self, slot: usize) -> (Holder, u64) {
        let [taker, tasks] = [0, 1].map(|word| self.words[slot * TAKER + word].load(Ordering::Relaxed));
        (Holder::in_word(taker), tasks)
    }

    fn carry_out(&self, change: Change) {
        let first = change.slot as usize % TAKERS * TAKER;
        self.words[first].store(change.taker.word(), Ordering::Relaxed);
        self.words[first + 1].store(change.tasks, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "tests/in_flight.rs"]
mod tests;
