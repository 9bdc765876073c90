//! In which order can two threads print?

use loom::thread;

// ANCHOR: question
fn program() {
    let worker = thread::spawn(|| println!("worker"));
    println!("main");
    worker.join().unwrap();
    println!("end");
}
// ANCHOR_END: question

#[test]
fn in_any_order_until_they_are_joined() {
    crate::can_print(include_str!("two_lines.txt"), program);
}
