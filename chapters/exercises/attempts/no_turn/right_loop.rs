//! Matches on each message, and has a checkpoint as well.

use std::sync::mpsc::{Receiver, SyncSender};

use chapters::gil::{GilGuard, Watch};

/// Answers each question with the result of `compute`, until all senders are gone.
pub fn answer<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &Receiver<u64>,
    answers: &SyncSender<u64>,
    compute: impl Fn(u64) -> u64,
) {
    loop {
        match guard.allow_threads(|| questions.recv()) {
            Ok(question) => {
                let answer = compute(question);
                guard.allow_threads(|| answers.send(answer)).unwrap();
            }
            Err(_) => return,
        }
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
    guard.allow_threads(|| questions.send(question)).unwrap();
    guard.allow_threads(|| answers.recv()).unwrap()
}
