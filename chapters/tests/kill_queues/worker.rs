//! The putters and the getters.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use chapters::processes::queue::{GetError, PutError};
use chapters::processes::shared::{Place, Shared};
use chapters::processes::start::Child;
use chapters::processes::{Queue, SimpleQueue};
use serde::{Deserialize, Serialize};

use crate::kill::{WAIT_TIMEOUT, spin};
use crate::ledger::{ABOUT_TO_PUT, DELIVERED, DONE, Ledger, PUT};

/// The item that stops a getter.
pub const END: u64 = u64::MAX;

/// A number, and a content that every process can compute from it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub number: u64,
    content: Vec<u8>,
}

impl Item {
    pub fn new(number: u64) -> Self {
        Self { number, content: vec![number as u8; (number % 40) as usize] }
    }
}

/// Either queue.
#[derive(Clone)]
pub enum Pipeline {
    Queue(Box<Queue<Item>>),
    Simple(SimpleQueue<Item>),
}

impl Pipeline {
    pub fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        match self {
            Self::Queue(queue) => queue.put_timeout(item, WAIT_TIMEOUT),
            Self::Simple(queue) => queue.put_timeout(item, WAIT_TIMEOUT),
        }
    }

    fn get(&self) -> Result<Item, GetError> {
        match self {
            Self::Queue(queue) => queue.get_timeout(WAIT_TIMEOUT),
            Self::Simple(queue) => queue.get_timeout(WAIT_TIMEOUT),
        }
    }

    fn task_done(&self) {
        if let Self::Queue(queue) = self {
            queue.task_done().expect("the task is unfinished");
        }
    }
}

/// A putter or a getter: the first workers put, the others get.
pub struct Worker {
    pub number: usize,
    pub putters: usize,
    pub memory: Arc<Shared>,
    pub ledger: Ledger,
    pub pipeline: Pipeline,
}

impl Child for Worker {
    type Preparation = (usize, usize, Place, Place, bool);

    fn pack(&self) -> io::Result<(Self::Preparation, Vec<BorrowedFd<'_>>)> {
        let (place, simple) = match &self.pipeline {
            Pipeline::Queue(queue) => (queue.place(), false),
            Pipeline::Simple(queue) => (queue.place(), true),
        };
        Ok(((self.number, self.putters, self.ledger.place(), place, simple), vec![self.memory.as_fd()]))
    }

    fn unpack(preparation: Self::Preparation, mut files: Vec<OwnedFd>) -> io::Result<Self> {
        let (number, putters, ledger, place, simple) = preparation;
        let memory = Arc::new(Shared::map(files.remove(0))?);
        let pipeline = match simple {
            false => Pipeline::Queue(Box::new(Queue::at(&memory, place)?)),
            true => Pipeline::Simple(SimpleQueue::at(&memory, place)?),
        };
        Ok(Self { number, putters, ledger: Ledger::at(&memory, ledger)?, memory, pipeline })
    }

    fn run(self) {
        if self.number < self.putters { self.put() } else { self.get() }
    }
}

impl Worker {
    fn put(self) {
        while let Some(number) = self.ledger.next() {
            self.ledger.note(number, ABOUT_TO_PUT);
            self.pipeline.put(Item::new(number)).expect("room in time");
            self.ledger.note(number, PUT);
            self.ledger.count_item(self.number);
        }
    }

    fn get(self) {
        loop {
            match self.pipeline.get() {
                Ok(Item { number: END, .. }) | Err(GetError::ShutDown) => return,
                Ok(item) => {
                    assert_eq!(item, Item::new(item.number), "an item is torn");
                    self.ledger.note(item.number, DELIVERED);
                    spin(Duration::from_micros(item.number % 8));
                    self.pipeline.task_done();
                    self.ledger.note(item.number, DONE);
                    self.ledger.count_item(self.number);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}
