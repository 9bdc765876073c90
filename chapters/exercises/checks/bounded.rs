//! Checks `bounded` in every schedule.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chapters::scheduler::thread;
use checks::schedules::{Trial, all, violated, work};
use checks::{Check, Checks};

use super::bounded::Queue;

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("The queue has room for 1 item. A puts one, and B gets one.", || check(one_each)),
    Check::new("The queue has room for 2 items. A puts 1 and 2, and B gets two.", || check(|| in_order(2))),
    Check::new("The queue has room for 1 item. A puts 1 and 2, and B gets one.", || check(full)),
    Check::new("The queue has room for 1 item. A puts 1 and 2, and B gets two.", || check(|| in_order(1))),
    Check::new("The queue has room for 2 items. A and B get one each, and C puts two.", || check(two_getters)),
    Check::new("The queue has room for 1 item. A and B put one each, and C gets two.", || check(two_putters)),
]);

fn check(program: fn()) -> Result<(), String> {
    all(&Trial::new(program).showing("items").advice(
        "While there's no room, or no item, a thread should wait until another one notifies it. See hint 1.",
        "See hints 1 and 2.",
        "Every item that's put needs a notification, and so does every item that's taken. See hint 3.",
    ))
}

fn expect(item: u32, expected: u32) {
    match (item, expected) {
        (2, 1) => violated("B gets 2, and A put 1 before it,"),
        (item, expected) if item != expected => violated(&format!("B gets {item}, and not {expected},")),
        _ => {}
    }
}

fn one_each() {
    let queue = Queue::new(1);
    thread::scope(|scope| {
        scope.spawn(|| queue.put(1));
        scope.spawn(|| expect(queue.get(), 1));
    });
}

fn in_order(capacity: usize) {
    let queue = Queue::new(capacity);
    thread::scope(|scope| {
        scope.spawn(|| {
            queue.put(1);
            queue.put(2);
        });
        scope.spawn(|| {
            expect(queue.get(), 1);
            expect(queue.get(), 2);
        });
    });
}

fn full() {
    let (queue, begun) = (Queue::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            queue.put(1);
            queue.put(2);
            if begun.load(Relaxed) == 0 {
                violated("A has put 2 items, although the queue has room for 1 and no item was taken,");
            }
        });
        scope.spawn(|| {
            work();
            begun.fetch_add(1, Relaxed);
            expect(queue.get(), 1);
        });
    });
}

fn two_getters() {
    let queue = Queue::new(2);
    let sum = thread::scope(|scope| {
        let getters = [(); 2].map(|()| scope.spawn(|| queue.get()));
        scope.spawn(|| {
            queue.put(1);
            queue.put(2);
        });
        getters.map(|getter| getter.join().unwrap_or(0)).iter().sum::<u32>()
    });
    if sum != 3 {
        violated(&format!("A and B get {sum} in all, and not 1 and 2,"));
    }
}

fn two_putters() {
    let queue = Queue::new(1);
    thread::scope(|scope| {
        scope.spawn(|| queue.put(1));
        scope.spawn(|| queue.put(2));
        scope.spawn(|| {
            let sum = queue.get() + queue.get();
            if sum != 3 {
                violated(&format!("C gets {sum} in all, and not 1 and 2,"));
            }
        });
    });
}
