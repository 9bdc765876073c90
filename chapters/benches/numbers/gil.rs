//! The interpreter lock beside CPython's own, and beside no lock.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chapters::gil::{Gil, SWITCH_INTERVAL, Watch};
use sha3::{Digest, Sha3_512};

use crate::common::{Aim, Run, Unit, compare, median};

/// One SHA3-512 digest of the empty string, as in a CPU-bound job.
fn digest() {
    let hasher = black_box(Sha3_512::new());
    black_box(hasher.finalize());
}

/// The cost of a checkpoint after every digest when no other thread wants the lock.
pub fn checkpoint() {
    const DIGESTS: u32 = 2000;
    let gil = Gil::default();
    let mut thread = gil.attach();
    let mut guard = thread.take();
    let each = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..DIGESTS).for_each(|_| work());
        start.elapsed().as_secs_f64() / f64::from(DIGESTS)
    };
    let with = || {
        each(&mut || {
            digest();
            guard.checkpoint();
        })
    };
    compare(
        "a digest under the GIL",
        Unit::Seconds,
        1001,
        Run::of("with a checkpoint", with),
        [(Run::of("without one", || each(&mut digest)), Aim::AtMostTimes(1.02))],
    );
}

/// Records when a thread acquires the lock.
struct Takes<'a>(&'a Mutex<Vec<Instant>>);

impl Watch for Takes<'_> {
    fn acquired(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }
    fn released(&self) {}
}

/// How long each thread holds the lock while two threads compute.
pub fn holds() {
    let second = Duration::from_secs(1);
    for (what, interval, arguments) in [
        ("a CPU-bound thread holds the GIL", SWITCH_INTERVAL, ["hold", "0.005", "1"]),
        ("the same with an interval of 50 ms", 10 * SWITCH_INTERVAL, ["hold", "0.05", "1"]),
    ] {
        let peer = Run::of_python("CPython", "gil.py", &arguments, 1);
        let ours = Run::of("ours", || hold(interval, second));
        compare(what, Unit::Seconds, 7, ours, [(peer, Aim::WithinTimes(0.95, 1.05))]);
    }
}

/// How long each of two CPU-bound threads holds the lock, from one change of holder to the next, at the median.
fn hold(interval: Duration, time: Duration) -> f64 {
    let (gil, takes) = (Gil::new(interval), Mutex::new(Vec::new()));
    let end = Instant::now() + time;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut thread = gil.attach_watched(Takes(&takes));
                let mut guard = thread.take();
                while Instant::now() < end {
                    digest();
                    guard.checkpoint();
                }
            });
        }
    });
    let takes = takes.into_inner().unwrap();
    median(&takes.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect::<Vec<_>>())
}

/// How much longer a wait takes when a CPU-bound thread is beside it.
pub fn convoy() {
    const WAIT: Duration = Duration::from_micros(50);
    let arguments = [["wait", "0.00005", "1"], ["wait-alone", "0.00005", "1"]];
    compare(
        "a wait of 50 us beside a computing thread",
        Unit::Seconds,
        5,
        Run::of("ours", || wait(WAIT, true)),
        [
            (Run::of("alone", || wait(WAIT, false)), Aim::AtLeastTimes(20.0)),
            (Run::of_python("CPython, beside one", "gil.py", &arguments[0], 1), Aim::Nothing),
            (Run::of_python("CPython, alone", "gil.py", &arguments[1], 1), Aim::Nothing),
        ],
    );
}

/// Seconds for each of many waits, beside a CPU-bound thread or alone.
fn wait(wait: Duration, beside_another: bool) -> f64 {
    let (gil, done) = (Gil::default(), AtomicBool::new(false));
    let time = Duration::from_secs(1);
    thread::scope(|scope| {
        if beside_another {
            scope.spawn(|| {
                let mut thread = gil.attach();
                let mut guard = thread.take();
                while !done.load(Ordering::Relaxed) {
                    digest();
                    guard.checkpoint();
                }
            });
        }
        let mut thread = gil.attach();
        let mut guard = thread.take();
        let end = Instant::now() + time;
        let mut waits = 0;
        while Instant::now() < end {
            guard.allow_threads(|| thread::sleep(wait));
            waits += 1;
        }
        done.store(true, Ordering::Relaxed);
        time.as_secs_f64() / f64::from(waits)
    })
}
