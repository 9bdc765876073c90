//! Checks `countdown`.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::countdown::Latch;

/// How long a waiting thread may take to fall asleep.
const WATCHED: Duration = Duration::from_secs(1);

pub fn check() -> Result<(), String> {
    counted_down_before_the_wait()?;
    woken_for_another_reason()?;
    sleeps()
}

/// The count is zero when the thread begins to wait.
fn counted_down_before_the_wait() -> Result<(), String> {
    let latch = Latch::new(2);
    thread::scope(|scope| [(); 2].map(|()| scope.spawn(|| latch.count_down())).map(|thread| _ = thread.join()));
    latch.wait();
    Ok(())
}

/// The thread's token is set before it waits, as if something else had set it.
fn woken_for_another_reason() -> Result<(), String> {
    let (latch, opened) = (Latch::new(1), AtomicBool::new(false));
    latch.waiter.unpark();
    let early = thread::scope(|scope| {
        let other = scope.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            let early = opened.load(SeqCst);
            latch.count_down();
            early
        });
        latch.wait();
        opened.store(true, SeqCst);
        other.join().expect("counting down doesn't panic")
    });
    if early { Err("`wait` returned before the count was zero".to_owned()) } else { Ok(()) }
}

/// A thread that waits is asleep.
fn sleeps() -> Result<(), String> {
    let latch = Latch::new(1);
    // The name of the waiting thread's folder, where the system has one.
    let Ok(waiter) = fs::read_link("/proc/thread-self") else { return Ok(()) };
    let asleep = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let start = Instant::now();
            let mut asleep = false;
            while !asleep && start.elapsed() < WATCHED {
                let stat = fs::read_to_string(Path::new("/proc").join(&waiter).join("stat")).unwrap_or_default();
                asleep = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'));
                thread::sleep(Duration::from_millis(1));
            }
            latch.count_down();
            asleep
        });
        latch.wait();
        other.join().expect("counting down doesn't panic")
    });
    if asleep { Ok(()) } else { Err("while it waits, the thread polls, and keeps a core busy".to_owned()) }
}
