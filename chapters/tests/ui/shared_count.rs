//! Two threads share an `Rc`, and both change its reference count.

use std::rc::Rc;
use std::thread;

fn main() {
    let name = Rc::new("shared");
    let shared = Rc::clone(&name);
    start(move || drop(shared));
    drop(name);
}

fn start(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}
