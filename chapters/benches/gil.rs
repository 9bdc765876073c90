//! The interpreter lock beside CPython's own, and beside none: `cargo bench -p chapters --bench gil [NAME]`.
//!
//! Runs alternate with what they are compared to, so that a busy machine slows down both. CPython is `python3`, or what
//! the environment variable `PYTHON` says; 3.11 is what the targets are about. A name runs one part: `checkpoint`,
//! `holds` or `convoy`.

use std::env;
use std::hint::black_box;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chapters::gil::{Gil, SWITCH_INTERVAL, Watch};
use sha3::{Digest, Sha3_512};

fn main() {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return eprintln!("nothing measured: run me with `cargo bench`");
    }
    arguments.retain(|argument| !argument.starts_with('-'));
    let parts: [(&str, fn()); 3] = [("checkpoint", checkpoint), ("holds", holds), ("convoy", convoy)];
    for (name, part) in parts {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            part();
        }
    }
}

/// One SHA3-512 digest of the empty string, as in a CPU-bound job.
fn digest() {
    let hasher = black_box(Sha3_512::new());
    black_box(hasher.finalize());
}

/// What a checkpoint after every digest costs when nobody else wants the lock.
fn checkpoint() {
    const DIGESTS: u32 = 2000;
    let gil = Gil::default();
    let mut thread = gil.attach();
    let mut guard = thread.take();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..1001 {
        without.push(time(|| (0..DIGESTS).for_each(|_| digest())));
        with.push(time(|| {
            (0..DIGESTS).for_each(|_| {
                digest();
                guard.checkpoint();
            })
        }));
    }
    let [without, with] = [without, with].map(|times| quantile(times, 0.5) / f64::from(DIGESTS) * 1e9);
    let ratio = with / without;
    println!("checkpoint  a digest takes {without:.1} ns, with a checkpoint {with:.1} ns: {ratio:.3} times as long");
    verdict("at most 1.02", ratio <= 1.02, ratio - 1.02);
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// Notes down when a thread gets the lock.
struct Takes<'a>(&'a Mutex<Vec<Instant>>);

impl Watch for Takes<'_> {
    fn acquired(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }
    fn released(&self) {}
}

/// How long each of two CPU-bound threads holds the lock, from one change of holder to the next.
fn holds() {
    for (interval, rounds) in [(SWITCH_INTERVAL, 5), (10 * SWITCH_INTERVAL, 10)] {
        let (mut ours, mut theirs, mut version) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..rounds {
            ours.extend(our_holds(interval, Duration::from_secs(1)));
            if let Some((python, holds)) = python(&["holds", &interval.as_secs_f64().to_string(), "1"]) {
                version = python;
                theirs.extend(holds);
            }
        }
        let [median, p90] = [0.5, 0.9].map(|q| quantile(ours.clone(), q));
        println!("holds       interval {interval:?}: {} at the median, {} at p90", ms(median), ms(p90));
        if !theirs.is_empty() {
            let [their_median, their_p90] = [0.5, 0.9].map(|q| quantile(theirs.clone(), q));
            let ratio = median / their_median;
            println!("            CPython {version}: {} and {}; ratio {ratio:.3}", ms(their_median), ms(their_p90));
            verdict("within 5 %", (ratio - 1.0).abs() <= 0.05, (ratio - 1.0).abs() - 0.05);
        } else {
            println!("            no CPython to compare with");
        }
    }
}

fn our_holds(interval: Duration, time: Duration) -> Vec<f64> {
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
    takes.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

/// How much more rarely an I/O-bound thread gets to wait when a CPU-bound one is beside it.
fn convoy() {
    const WAIT: Duration = Duration::from_micros(50);
    let (mut ours, mut theirs, mut version) = ([vec![], vec![]], [vec![], vec![]], String::new());
    for _ in 0..5 {
        ours[0].push(waits_per_second(WAIT, false));
        ours[1].push(waits_per_second(WAIT, true));
        if let Some((python, rates)) = python(&["convoy", &WAIT.as_secs_f64().to_string(), "1"]) {
            version = python;
            theirs[0].push(rates[0]);
            theirs[1].push(rates[1]);
        }
    }
    let [alone, beside] = ours.map(|rates| quantile(rates, 0.5));
    let drop = alone / beside;
    println!(
        "convoy      waits of {WAIT:?}: {alone:.0} a second, beside a CPU-bound thread {beside:.0}: {drop:.1} times fewer"
    );
    if !theirs[0].is_empty() {
        let [alone, beside] = theirs.map(|rates| quantile(rates, 0.5));
        println!("            CPython {version}: {alone:.0} and {beside:.0}: {:.1} times fewer", alone / beside);
    }
    verdict("at least 20 times fewer", drop >= 20.0, 20.0 - drop);
}

fn waits_per_second(wait: Duration, beside_another: bool) -> f64 {
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
        f64::from(waits) / time.as_secs_f64()
    })
}

/// What CPython's version is, and what it measured; `None` where there is no CPython.
fn python(arguments: &[&str]) -> Option<(String, Vec<f64>)> {
    let interpreter = env::var_os("PYTHON").unwrap_or("python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/gil_peer.py");
    let output = Command::new(interpreter).arg(script).args(arguments).output().ok()?;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let measured = line["measured"].as_array()?.iter().map(|number| number.as_f64()).collect::<Option<_>>()?;
    Some((line["version"].as_str()?.to_owned(), measured))
}

/// The value that a share `q` of all values is not above.
fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

fn ms(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}

/// Says whether a target was reached, and by how much it was missed.
fn verdict(target: &str, reached: bool, short_by: f64) {
    match reached {
        true => println!("            target {target}: reached"),
        false => println!("            target {target}: short by {short_by:.3}"),
    }
}
