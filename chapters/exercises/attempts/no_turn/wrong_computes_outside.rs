//! Computes without the lock.
//! Refused: runs without the lock

use std::sync::mpsc::{Receiver, SyncSender};

use chapters::gil::{GilGuard, Watch};

/// Answers each question with the result of `compute`, until all senders are gone.
pub fn answer<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &Receiver<u64>,
    answers: &SyncSender<u64>,
    compute: impl Fn(u64) -> u64,
) {
    guard.allow_threads(|| {
        while let Ok(question) = questions.recv() {
            answers.send(compute(question)).unwrap();
        }
    });
}

/// Asks one question, and waits for the answer.
pub fn ask<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &SyncSender<u64>,
    answers: &Receiver<u64>,
    question: u64,
) -> u64 {
    questions.send(question).unwrap();
    guard.allow_threads(|| answers.recv()).unwrap()
}
