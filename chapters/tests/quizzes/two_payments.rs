//! Two threads hold a lock for reading and for writing, but not from one to the other.

use std::sync::Arc;

use loom::thread;

use crate::threads::Lock;

// ANCHOR: question
fn program() {
    let balance = Arc::new(Lock::guarding(100));
    let shared = Arc::clone(&balance);
    let other = thread::spawn(move || pay_in(&shared, 10));
    pay_in(&balance, 20);
    other.join().unwrap();
    println!("{}", *balance.acquire());
}

fn pay_in(balance: &Lock<u32>, cents: u32) {
    let before = *balance.acquire();
    *balance.acquire() = before + cents;
}
// ANCHOR_END: question

#[test]
fn a_payment_can_be_lost_although_each_step_is_locked() {
    crate::can_print(include_str!("two_payments.txt"), program);
}

#[test]
fn no_payment_is_lost_under_one_lock() {
    crate::can_print("130\n", || {
        let balance = Arc::new(Lock::guarding(100));
        let shared = Arc::clone(&balance);
        let other = thread::spawn(move || *shared.acquire() += 10);
        *balance.acquire() += 20;
        other.join().unwrap();
        println!("{}", *balance.acquire());
    });
}
