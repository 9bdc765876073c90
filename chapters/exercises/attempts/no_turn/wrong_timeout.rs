//! Wakes up once every ten milliseconds.
//! Refused: polls instead of waiting

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use chapters::gil::{GilGuard, Watch};

/// Answers each question with the result of `compute`, until all senders are gone.
pub fn answer<W: Watch>(
    guard: &mut GilGuard<'_, W>,
    questions: &Receiver<u64>,
    answers: &SyncSender<u64>,
    compute: impl Fn(u64) -> u64,
) {
    loop {
        match guard.allow_threads(|| questions.recv_timeout(Duration::from_millis(10))) {
            Ok(question) => answers.send(compute(question)).unwrap(),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => guard.checkpoint(),
        }
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
    guard.allow_threads(|| answers.recv()).unwrap()
}
