//! Without signals, a thread can't be paused from outside. No scenario asks for it.

use std::thread::JoinHandle;

pub fn pause(_: &JoinHandle<()>) {
    unreachable!("threads can't be paused here");
}

pub fn unpause(_: &JoinHandle<()>) {
    unreachable!("threads can't be paused here");
}
