//! Checks `deadlocked`.

use super::deadlocked::{Thread, deadlocked};
use checks::{Check, Checks};

/// The checks.
pub const CHECKS: Checks = Checks::new(&[Check::new("Threads hold locks and wait for others.", check)]);

const fn thread(name: &'static str, holds: &'static [&'static str], waits_for: Option<&'static str>) -> Thread {
    Thread { name, holds, waits_for }
}

fn check() -> Result<(), String> {
    attempt("no thread waits", &[thread("A", &["x"], None), thread("B", &[], None)], &[])?;
    attempt(
        "A holds x and waits for y, B holds y and waits for x",
        &[thread("A", &["x"], Some("y")), thread("B", &["y"], Some("x"))],
        &["A", "B"],
    )?;
    attempt(
        "A waits for x, which B holds, and B isn't waiting",
        &[thread("A", &["y"], Some("x")), thread("B", &["x"], None)],
        &[],
    )?;
    attempt("A waits for x, which no thread holds", &[thread("A", &[], Some("x"))], &[])?;
    attempt("A waits for x, which A itself holds", &[thread("A", &["x"], Some("x"))], &["A"])?;
    attempt(
        "A, B, and C wait for each other in a circle",
        &[thread("A", &["x"], Some("y")), thread("B", &["y", "w"], Some("z")), thread("C", &["z"], Some("x"))],
        &["A", "B", "C"],
    )?;
    attempt(
        "B and C wait for each other, A waits for B, and no thread waits for A",
        &[thread("A", &["w"], Some("x")), thread("B", &["x"], Some("y")), thread("C", &["y"], Some("x"))],
        &["B", "C"],
    )?;
    attempt(
        "A and C wait for each other, and so do B and D",
        &[
            thread("A", &["u"], Some("v")),
            thread("B", &["x"], Some("y")),
            thread("C", &["v"], Some("u")),
            thread("D", &["y"], Some("x")),
        ],
        &["A", "B", "C", "D"],
    )
}

/// Compares the threads that are reported with those that have deadlocked.
fn attempt(situation: &str, threads: &[Thread], expected: &[&str]) -> Result<(), String> {
    let reported = deadlocked(threads);
    if reported == expected {
        return Ok(());
    }
    Err(format!("{situation}; it reports {reported:?}, and should report {expected:?}."))
}
