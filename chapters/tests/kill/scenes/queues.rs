//! Two processes put numbered items, and three get them. The queue is small, so that both sides wait.
//!
//! No item is delivered twice or torn. Every item that was put is delivered, except for those that a killed getter held.
//! `join` returns, and `lost` has counted the tasks that the dead processes hadn't done.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use chapters::errors::TooMany;
use chapters::processes::shared::{LINE, Words};
use chapters::processes::{Queue, SimpleQueue};

use super::Scene;
use crate::board::Board;
use crate::controller::{Me, WAIT_TIMEOUT, spin};

/// The maximum capacity of a queue, in bytes.
pub const MAX_ROOM: usize = 512;

/// The first workers put, the others get.
const PUTTERS: usize = 2;
pub const WORKERS: usize = 5;

/// The maximum number of items in a run.
const ITEMS: usize = 1 << 22;
/// The number of words of the ledger: the number of the next item, and a word for each item.
pub const LEDGER: usize = LINE + ITEMS;

/// The amounts added to an item's word, one for each step.
const ABOUT_TO_PUT: u64 = 1;
const PUT: u64 = 1 << 8;
const DELIVERED: u64 = 1 << 16;
const DONE: u64 = 1 << 32;

/// A number, and a content that every process can compute from it.
pub type Item = (u64, Vec<u8>);

fn item(number: u64) -> Item {
    (number, vec![number as u8; (number % 40) as usize])
}

/// Either queue.
#[derive(Debug)]
pub enum Pipeline {
    Queue(Box<Queue<Item>>),
    Simple(SimpleQueue<Item>),
}

#[derive(Debug)]
pub struct Items {
    pub queue: Pipeline,
    /// What happened to each item.
    pub ledger: Words,
}

impl Items {
    fn note(&self, number: u64, what: u64) {
        self.word(number).fetch_add(what, SeqCst);
    }

    fn word(&self, number: u64) -> &AtomicU64 {
        &self.ledger[LINE + number as usize]
    }

    fn put(&self, board: &Board) {
        let number = self.ledger[0].fetch_add(1, SeqCst);
        board.holds(number < ITEMS as u64, "the ledger is full");
        self.note(number, ABOUT_TO_PUT);
        let put = match &self.queue {
            Pipeline::Queue(queue) => queue.put_timeout(item(number), WAIT_TIMEOUT),
            Pipeline::Simple(queue) => queue.put_timeout(item(number), WAIT_TIMEOUT),
        };
        board.holds(put.is_ok(), "there is no room in time");
        self.note(number, PUT);
    }

    /// Gets an item, calls `during`, and calls `task_done`.
    fn get(&self, board: &Board, during: impl FnOnce()) {
        let got = match &self.queue {
            Pipeline::Queue(queue) => queue.get_timeout(WAIT_TIMEOUT),
            Pipeline::Simple(queue) => queue.get_timeout(WAIT_TIMEOUT),
        };
        board.holds(got.as_ref().is_ok_and(|got| *got == item(got.0)), "an item is torn, or there is none in time");
        let number = got.map_or(0, |got| got.0);
        self.note(number, DELIVERED);
        during();
        if let Pipeline::Queue(queue) = &self.queue {
            board.holds(queue.task_done().is_ok(), "the task was done already");
        }
        self.note(number, DONE);
    }
}

impl Scene for Items {
    fn iterate(&self, me: &mut Me) -> bool {
        if me.number < PUTTERS {
            self.put(&me.board);
        } else {
            let pause = me.random_below(8);
            self.get(&me.board, || spin(Duration::from_micros(pause)));
        }
        true
    }

    fn check(&self, board: &Board, iterations: u64, killed: &[u64]) -> String {
        let left = match &self.queue {
            Pipeline::Queue(queue) => queue.len(),
            Pipeline::Simple(queue) => queue.len(),
        };
        (0..left).for_each(|_| self.get(board, || ()));

        // `missing`: certainly put, but never delivered. `perhaps_put`: never delivered, and the putter was killed at
        // about the time of the `put`. `perhaps_done`: delivered to a getter that was killed before or while it called
        // `task_done`.
        let [mut missing, mut perhaps_put, mut perhaps_done] = [0; 3];
        for number in 0..self.ledger[0].load(SeqCst) {
            let word = self.word(number).load(SeqCst);
            let (begun, put, delivered, done) = (word & 0xff, word >> 8 & 0xff, word >> 16 & 0xffff, word >> 32);
            assert!(delivered <= 1 && delivered <= begun && done <= delivered, "item {number}: {word:#x}");
            match (delivered, put) {
                (0, 1) => missing += 1,
                (0, _) => perhaps_put += begun,
                _ => perhaps_done += 1 - done,
            }
        }
        let fates =
            format!("{missing} missing, {perhaps_put} perhaps put, {perhaps_done} perhaps done, {killed:?} killed");
        let (putters, getters) = killed.split_at(PUTTERS);
        let (killed_putters, killed_getters): (u64, u64) = (putters.iter().sum(), getters.iter().sum());
        assert!(missing <= killed_getters && perhaps_put <= killed_putters, "{fates}");
        match &self.queue {
            Pipeline::Queue(queue) => {
                queue.join();
                let lost = queue.lost() as u64;
                let possible = missing..=missing + perhaps_put + perhaps_done;
                assert!(possible.contains(&lost) && lost <= killed_getters, "{lost} counted as lost, but {fates}");
                assert_eq!((queue.len(), queue.task_done()), (0, Err(TooMany)));
            }
            Pipeline::Simple(queue) => assert!(queue.is_empty()),
        }
        format!("{iterations} iterations counted, {fates}")
    }
}
