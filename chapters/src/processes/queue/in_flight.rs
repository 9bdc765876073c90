//! Counts, for each process, the items that it took from a [`Queue`](super::Queue) and hasn't finished, so that the
//! queue can report the items that were lost when a process died.
//!
//! Python's `JoinableQueue` only counts the unfinished tasks of all processes together. If a process dies, its tasks
//! stay unfinished, and `join` waits forever.

use std::sync::atomic::Ordering;

use bytemuck::{Pod, Zeroable};

use crate::processes::os::holder::Holder;
use crate::processes::os::shared::Words;

/// The maximum number of processes with unfinished tasks that the table can tell apart.
pub const TAKERS: usize = 1024;

/// The number of words per entry: one for the process, and one for its number of unfinished tasks.
const TAKER: usize = 2;

/// A hash table of processes that have taken tasks. All orderings are relaxed, because the table is only used with the
/// queue's lock held.
#[derive(Clone, Debug)]
pub struct Tallies {
    words: Words,
}

/// The last change that a holder of the lock made to the table, or was about to make.
///
/// The change is part of the value that the lock guards, so it is committed together with the rest of that value. The
/// table isn't. The next holder therefore carries the change out before it does anything else, perhaps for the second
/// time, which is harmless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Change {
    slot: u64,
    taker: Holder,
    tasks: u64,
}

impl Tallies {
    /// The number of words that the table needs.
    pub const WORDS: usize = TAKERS * TAKER;

    /// Creates a table that uses these words.
    pub fn new(words: Words) -> Self {
        Self { words }
    }

    /// Counts a task for this process. If the table is full of other processes, the task isn't attributed to any
    /// process.
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

    /// Counts a task of this process as done. If another process took the task, so that this one is without tasks, it
    /// counts a task of any process.
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

    /// Finds a process that died with unfinished tasks, or garbage, which are tasks of no process. Sets the number of tasks
    /// to zero, and returns the number before that.
    pub fn bury_one(&self, last: &mut Change) -> Option<u64> {
        self.carry_out(*last);
        let slot = (0..TAKERS).find(|&slot| {
            let (taker, tasks) = self.slot(slot);
            tasks > 0 && (taker == Holder::NOBODY || taker.is_dead())
        })?;
        let (taker, tasks) = self.slot(slot);
        *last = Change { slot: slot as u64, taker, tasks: 0 };
        Some(tasks)
    }

    /// Returns the entries in the order in which a process searches them: from the entry that its word hashes to, once
    /// around the table. The search ends at an entry that no process has ever used.
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
