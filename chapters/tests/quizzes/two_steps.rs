//! Which sums are possible if two threads each add in two steps?

use loom::sync::{Arc, Mutex};
use loom::thread;

// ANCHOR: question
fn program() {
    let x = Arc::new(Mutex::new(0));
    let add_three = {
        let x = Arc::clone(&x);
        move || {
            for _ in 0..3 {
                let old = *x.lock().unwrap();
                *x.lock().unwrap() = old + 1;
            }
        }
    };
    let other = thread::spawn(add_three.clone());
    add_three();
    other.join().unwrap();
    println!("{}", *x.lock().unwrap());
}
// ANCHOR_END: question

#[test]
fn two_threads_that_add_three_each_may_lose_all_but_two() {
    crate::can_print(include_str!("two_steps.txt"), program);
}

/// The page's claim about holding the lock over both steps.
#[test]
fn who_holds_the_lock_over_both_steps_loses_none() {
    crate::can_print("2\n", || {
        let x = Arc::new(Mutex::new(0));
        let add = {
            let x = Arc::clone(&x);
            move || *x.lock().unwrap() += 1
        };
        let other = thread::spawn(add.clone());
        add();
        other.join().unwrap();
        println!("{}", *x.lock().unwrap());
    });
}
