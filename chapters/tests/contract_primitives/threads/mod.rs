//! Actors that are threads.

mod acts;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use acts::{Shared, act};
use futures::executor::block_on;

use crate::local::{Local, own_path};
use crate::stage::{Handle, Model};
use crate::words::Subject;

/// The model in which an actor is a thread.
pub struct Threads;

impl Model for Threads {
    fn start(&mut self, subject: Subject, actors: usize) -> Vec<Box<dyn Handle>> {
        let shared = Arc::new(Shared::new(subject));
        (0..actors).map(|_| start_one(Arc::clone(&shared))).collect()
    }
}

fn start_one(shared: Arc<Shared>) -> Box<dyn Handle> {
    Local::start(|mut talk| {
        let (path, its_path) = mpsc::channel();
        thread::spawn(move || {
            let _ = path.send(own_path());
            block_on(act(&shared, &mut talk));
        });
        (None, vec![its_path.recv().expect("the thread sends its path")])
    })
}
