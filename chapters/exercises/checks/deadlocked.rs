//! Checks `deadlocked`.

use super::deadlocked::{Thread, deadlocked};
use checks::{Check, Checks, threads};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Threads hold locks and wait for others.", check)]);

const fn thread(name: &'static str, holds: &'static [&'static str], waits_for: Option<&'static str>) -> Thread {
    Thread { name, holds, waits_for }
}

fn check() -> Result<(), String> {
    attempt("no thread waits", [thread("A", &["x"], None), thread("B", &[], None)], &[])?;
    attempt(
        "A holds x and waits for y, B holds y and waits for x",
        [thread("A", &["x"], Some("y")), thread("B", &["y"], Some("x"))],
        &["A", "B"],
    )?;
    attempt(
        "A waits for x, which B holds, and B isn't waiting",
        [thread("A", &["y"], Some("x")), thread("B", &["x"], None)],
        &[],
    )?;
    attempt("A waits for x, which no thread holds", [thread("A", &[], Some("x"))], &[])?;
    attempt("A waits for x, which A itself holds", [thread("A", &["x"], Some("x"))], &["A"])?;
    attempt(
        "A, B, and C wait for each other in a circle",
        [thread("A", &["x"], Some("y")), thread("B", &["y", "w"], Some("z")), thread("C", &["z"], Some("x"))],
        &["A", "B", "C"],
    )?;
    attempt(
        "B and C wait for each other, A waits for B, and no thread waits for A",
        [thread("A", &["w"], Some("x")), thread("B", &["x"], Some("y")), thread("C", &["y"], Some("x"))],
        &["B", "C"],
    )?;
    attempt(
        "A and C wait for each other, and so do B and D",
        [
            thread("A", &["u"], Some("v")),
            thread("B", &["x"], Some("y")),
            thread("C", &["v"], Some("u")),
            thread("D", &["y"], Some("x")),
        ],
        &["A", "B", "C", "D"],
    )?;
    attempt(
        "A waits for z, which no thread holds, and B and C wait for A",
        [thread("A", &["x", "y"], Some("z")), thread("B", &[], Some("x")), thread("C", &["w"], Some("y"))],
        &[],
    )?;
    all_waits()
}

/// Compares the threads that are reported with those that have deadlocked.
fn attempt<const N: usize>(situation: &str, threads: [Thread; N], expected: &[&str]) -> Result<(), String> {
    let reported = ends(situation, Box::leak(Box::new(threads)))?;
    if reported == expected {
        return Ok(());
    }
    Err(format!("{situation}; it reports {reported:?}, and should report {expected:?}."))
}

/// Calls `deadlocked`, unless it doesn't end.
fn ends(situation: &str, threads: &'static [Thread]) -> Result<Vec<&'static str>, String> {
    threads::ends(&format!("{situation}; `deadlocked`"), move || deadlocked(threads))
}

/// The names of the threads, and of the locks that they hold.
const NAMES: [&str; 4] = ["north", "east", "south", "west"];
const LOCKS: [&[&str]; 4] = [&["n"], &["e"], &["s"], &["w"]];

/// Each of four threads holds a lock, and waits for any of them or for none: all combinations.
fn all_waits() -> Result<(), String> {
    for combination in 0..5_usize.pow(4) {
        let waits = [0, 1, 2, 3].map(|thread| (combination / 5_usize.pow(thread)) % 5);
        let threads = (0..4).map(|thread| Thread {
            name: NAMES[thread],
            holds: LOCKS[thread],
            waits_for: LOCKS.get(waits[thread]).map(|locks| locks[0]),
        });
        let threads: &'static [Thread] = threads.collect::<Vec<_>>().leak();
        // Follows the locks for as many steps as there are threads.
        let leads_back = |start: usize| {
            let path = std::iter::successors(waits.get(start), |at| waits.get(**at));
            path.take(4).any(|at| *at == start)
        };
        let expected: Vec<&str> = (0..4).filter(|thread| leads_back(*thread)).map(|thread| NAMES[thread]).collect();
        let described = threads.iter().map(|thread| match thread.waits_for {
            None => format!("{} holds {}", thread.name, thread.holds[0]),
            Some(lock) => format!("{} holds {} and waits for {lock}", thread.name, thread.holds[0]),
        });
        let described = described.collect::<Vec<_>>().join(", ");
        let reported = ends(&described, threads)?;
        if reported != expected {
            return Err(format!("{described}; it reports {reported:?}, and should report {expected:?}."));
        }
    }
    Ok(())
}
