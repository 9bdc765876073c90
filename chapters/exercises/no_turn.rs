//! Two threads work under one interpreter lock. One asks questions, the other answers them, and they deadlock.
//!
//! Make them finish, with channels of any capacity. A thread that computes must hold the lock, as Python code would,
//! and one that waits must not poll.

use std::sync::mpsc::{Receiver, SyncSender};

use chapters::gil::{GilGuard, Watch};

/// Answers each question with the result of `compute`, until all senders are gone.
pub fn answer<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &Receiver<u64>,
    answers: &SyncSender<u64>,
    compute: impl Fn(u64) -> u64,
) {
    while let Ok(question) = questions.recv() {
        answers.send(compute(question)).unwrap();
        guard.checkpoint();
    }
}

/// Asks one question, and waits for the answer.
pub fn ask<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &SyncSender<u64>,
    answers: &Receiver<u64>,
    question: u64,
) -> u64 {
    questions.send(question).unwrap();
    guard.checkpoint();
    answers.recv().unwrap()
}
