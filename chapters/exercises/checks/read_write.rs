//! Checks `read_write` in every schedule.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use chapters::scheduler::sync::mpsc;
use chapters::scheduler::thread;
use checks::schedules::{Trial, all, me, violated, work};
use checks::{Check, Checks};

use super::read_write::ReadWrite;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A reads, and B writes.", || check(|| use_it(1, 1))),
    Check::new("A and B write.", || check(|| use_it(0, 2))),
    Check::new("A reads, and waits for B, which reads as well.", || check(together)),
    Check::new("The main thread reads. A reads as well, and B writes.", || check(after_readers)),
    Check::new("The main thread writes. A reads, and waits for B, which reads as well.", || check(after_a_writer)),
    Check::new("The main thread writes, and downgrades the lock. A writes.", || check(downgraded)),
    Check::new("The main thread writes, downgrades the lock, and waits for A, which reads.", || check(read_with)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("state").advice(
        "While a thread can't have the lock, it should wait until another one releases it. See hint 1.",
        "See hints 1 and 2.",
        "Which threads may go on when a reader leaves, and which when a writer leaves? See hints 3 and 4.",
    ))
}

/// Counts a reader, or a writer as -1000.
fn enter(holders: &AtomicI32, is_writer: bool) {
    let before = holders.fetch_add(if is_writer { -1000 } else { 1 }, Relaxed);
    match (is_writer, before) {
        (true, before) if before < 0 => violated(&format!("{} writes while another thread writes,", me())),
        (true, before) if before > 0 => violated(&format!("{} writes while another thread reads,", me())),
        (false, before) if before < 0 => violated(&format!("{} reads while another thread writes,", me())),
        _ => {}
    }
}

fn read(lock: &ReadWrite, holders: &AtomicI32) {
    lock.lock_shared();
    enter(holders, false);
    work();
    holders.fetch_sub(1, Relaxed);
    lock.unlock_shared();
}

fn write(lock: &ReadWrite, holders: &AtomicI32) {
    lock.lock_exclusive();
    enter(holders, true);
    work();
    holders.fetch_add(1000, Relaxed);
    lock.unlock_exclusive();
}

fn use_it(readers: usize, writers: usize) {
    let (lock, holders) = (ReadWrite::new(), AtomicI32::new(0));
    thread::scope(|scope| {
        (0..readers).for_each(|_| _ = scope.spawn(|| read(&lock, &holders)));
        (0..writers).for_each(|_| _ = scope.spawn(|| write(&lock, &holders)));
    });
}

fn together() {
    let lock = ReadWrite::new();
    thread::scope(|scope| read_together(scope, &lock));
}

/// Spawns two readers, of which one keeps the lock until the other one has it.
fn read_together<'scope>(scope: &'scope thread::Scope<'scope, '_>, lock: &'scope ReadWrite) {
    let (b_reads, wait_for_b) = mpsc::channel();
    scope.spawn(move || {
        lock.lock_shared();
        wait_for_b.recv().unwrap();
    });
    scope.spawn(move || {
        lock.lock_shared();
        b_reads.send(1).unwrap();
    });
}

fn after_readers() {
    let (lock, holders) = (ReadWrite::new(), AtomicI32::new(0));
    lock.lock_shared();
    enter(&holders, false);
    thread::scope(|scope| {
        scope.spawn(|| {
            lock.lock_shared();
            enter(&holders, false);
            work();
            holders.fetch_sub(1, Relaxed);
            lock.unlock_shared();
        });
        scope.spawn(|| {
            lock.lock_exclusive();
            enter(&holders, true);
            holders.fetch_add(1000, Relaxed);
            lock.unlock_exclusive();
        });
        holders.fetch_sub(1, Relaxed);
        lock.unlock_shared();
    });
}

fn after_a_writer() {
    let lock = ReadWrite::new();
    lock.lock_exclusive();
    thread::scope(|scope| {
        read_together(scope, &lock);
        lock.unlock_exclusive();
    });
}

fn downgraded() {
    let (lock, holders) = (ReadWrite::new(), AtomicI32::new(0));
    lock.lock_exclusive();
    enter(&holders, true);
    thread::scope(|scope| {
        scope.spawn(|| write(&lock, &holders));
        // From a writer to a reader.
        holders.fetch_add(1001, Relaxed);
        lock.downgrade();
        holders.fetch_sub(1, Relaxed);
        lock.unlock_shared();
    });
}

fn read_with() {
    let lock = ReadWrite::new();
    let (a_reads, wait_for_a) = mpsc::channel();
    lock.lock_exclusive();
    thread::scope(|scope| {
        let lock = &lock;
        scope.spawn(move || {
            lock.lock_shared();
            a_reads.send(1).unwrap();
            lock.unlock_shared();
        });
        lock.downgrade();
        wait_for_a.recv().unwrap();
        lock.unlock_shared();
    });
}
