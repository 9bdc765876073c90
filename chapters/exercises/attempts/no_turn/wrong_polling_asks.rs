//! Polls the channel of the answers, with checkpoints.
//! Refused: polls instead of waiting

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
        answers.send(compute(question)).unwrap();
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
    loop {
        if let Ok(answer) = answers.try_recv() {
            return answer;
        }
        guard.checkpoint();
    }
}
