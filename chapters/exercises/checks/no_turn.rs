//! Checks `no_turn`.

use checks::{Check, Checks, threads};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use chapters::gil::{Gil, Watch};

use super::no_turn::{answer, ask};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("One thread asks 100 questions, and another one answers them.", check)
        .or_hangs("Each thread waits for a message of the other one, and one of them keeps the lock while it waits."),
    Check::new("The same, but the channels have no room for a message.", without_room).or_hangs(
        "A thread that sends waits until the other one takes the message, and it keeps the lock while it waits.",
    ),
]);

/// Whether the thread that answers holds the lock.
struct Holds(AtomicBool);

impl Watch for &Holds {
    fn acquired(&self) {
        self.0.store(true, Relaxed);
    }

    fn released(&self) {
        self.0.store(false, Relaxed);
    }
}

/// Watches a thread that asks a question, and gets no answer for a while.
fn waits_for_an_answer() -> Result<(), String> {
    let gil = Gil::default();
    let ((questions, asked), (answers, answered)) = (mpsc::sync_channel(1), mpsc::sync_channel(1));
    thread::scope(|scope| {
        let gil = &gil;
        let asks = scope.spawn(move || ask(&mut gil.attach().take(), &questions, &answered, 3));
        // Only an answer can wake it.
        let blocked = threads::are_blocked("The thread that asks");
        // It fails if the thread has panicked.
        _ = answers.send(9);
        let answer = asks.join().map_err(|_| "`ask` panicked.".to_owned())?;
        drop(asked);
        blocked?;
        match answer {
            9 => Ok(()),
            other => Err(format!("The answer to 3 is 9, not {other}.")),
        }
    })
}

fn check() -> Result<(), String> {
    waits_for_an_answer()?;
    exchange(1)
}

fn without_room() -> Result<(), String> {
    exchange(0)
}

/// Asks and answers, with channels that have room for `room` messages.
fn exchange(room: usize) -> Result<(), String> {
    let gil = Gil::default();
    let (holds, without) = (Holds(AtomicBool::new(false)), AtomicBool::new(false));
    let square = |number: u64| {
        without.fetch_or(!holds.0.load(Relaxed), Relaxed);
        number * number
    };
    let (questions, asked) = mpsc::sync_channel(room);
    let (answers, answered) = mpsc::sync_channel(room);
    let mut said = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (asked, answers) = (asked, answers);
            answer(&mut gil.attach_watched(&holds).take(), &asked, &answers, square);
        });
        let mut thread = gil.attach();
        let mut guard = thread.take();
        said.extend((0..100).map(|number| ask(&mut guard, &questions, &answered, number)));
        // Without this lock, the thread that answers can't compute anything.
        let answers = guard.allow_threads(|| threads::are_blocked("The thread that answers"));
        drop(questions);
        drop(guard);
        answers
    })?;
    if without.into_inner() {
        return Err("`compute` runs without the lock.".to_owned());
    }
    match (0..).zip(said).find(|(number, square)| number * number != *square) {
        None => Ok(()),
        Some((number, other)) => Err(format!("The answer to {number} is {}, not {other}.", number * number)),
    }
}
