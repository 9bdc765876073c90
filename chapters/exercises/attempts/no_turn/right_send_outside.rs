//! Releases the lock around the whole exchange.

use std::sync::mpsc::{Receiver, SyncSender};

use chapters::gil::{GilGuard, Watch};

/// Answers each question with the result of `compute`, until all senders are gone.
pub fn answer<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &Receiver<u64>,
    answers: &SyncSender<u64>,
    compute: impl Fn(u64) -> u64,
) {
    while let Ok(question) = guard.allow_threads(|| questions.recv()) {
        let answer = compute(question);
        guard.allow_threads(|| answers.send(answer)).unwrap();
    }
}

/// Asks one question, and waits for the answer.
pub fn ask<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &SyncSender<u64>,
    answers: &Receiver<u64>,
    question: u64,
) -> u64 {
    guard.allow_threads(|| {
        questions.send(question).unwrap();
        answers.recv().unwrap()
    })
}
