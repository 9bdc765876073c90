//! Keeps the trace of each round in memory, and prints that of the first round with a wrong total.

use std::io;
use std::mem;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tracing::{info, info_span};

static CHECKING: Mutex<u32> = Mutex::new(100);
static SAVINGS: Mutex<u32> = Mutex::new(100);

/// The pause that makes the bug frequent.
const PAUSE: Duration = Duration::from_millis(1);

/// The lines of the current round.
static TRACE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Appends to [`TRACE`].
struct Memory;

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TRACE.lock().expect("writing doesn't panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// ANCHOR: traced
fn save(request: u32, amount: u32) {
    let _span = info_span!("save", request).entered();
    let mut checking = CHECKING.lock().unwrap();
    let mut savings = SAVINGS.lock().unwrap();
    *checking -= amount;
    *savings += amount;
    info!(amount, checking = *checking, savings = *savings, "moved");
}

fn total(request: u32) -> u32 {
    let _span = info_span!("total", request).entered();
    let read = |name: &'static str, account: &Mutex<u32>| {
        let balance = account.lock().unwrap();
        info!(name, balance = *balance, "read");
        *balance
    };
    let checking = read("checking", &CHECKING);
    thread::sleep(PAUSE); // an experiment: the bug is rare without it
    checking + read("savings", &SAVINGS)
}
// ANCHOR_END: traced

pub fn main() {
    // ANCHOR: subscriber
    let lines = tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false);
    lines.with_writer(|| Memory).init();
    // ANCHOR_END: subscriber
    loop {
        let total = thread::scope(|scope| {
            scope.spawn(|| save(1, 10));
            scope.spawn(|| total(2)).join().expect("an audit doesn't panic")
        });
        let trace = mem::take(&mut *TRACE.lock().expect("writing doesn't panic"));
        if total != 200 {
            print!("{}", String::from_utf8_lossy(&trace));
            return println!("the total is {total}");
        }
        (*CHECKING.lock().expect("no thread panics"), *SAVINGS.lock().expect("no thread panics")) = (100, 100);
    }
}
