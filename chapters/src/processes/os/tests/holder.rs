use std::sync::mpsc;
use std::thread;

use super::*;

#[test]
fn threads_differ_and_a_process_is_its_first_thread() {
    let me = Holder::this_thread();
    let (other, process) = thread::spawn(|| (Holder::this_thread(), Holder::this_process())).join().unwrap();
    assert_ne!(me, other);
    assert_eq!(process, Holder::this_process());
    assert_eq!(process.word() as u32, getpid().as_raw() as u32);
    assert_eq!(Holder::in_word(me.word() | Holder::FLAGS), me);
    assert!(!me.is_dead() && !process.is_dead() && !Holder::NOBODY.is_dead());
}

#[test]
fn a_thread_lives_until_it_has_ended() {
    let (end, ending) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        tell.send(Holder::this_thread()).unwrap();
        ending.recv().unwrap_err();
    });
    let other = told.recv().unwrap();
    assert!(!other.is_dead());
    drop(end);
    thread.join().unwrap();
    while !other.is_dead() {
        thread::yield_now();
    }
}

#[test]
fn a_number_that_somebody_else_has_now_is_no_mistake() {
    let me = Holder::this_thread();
    assert!(Holder(me.0 - (1 << 32)).is_dead());
}

#[test]
fn a_name_may_have_anything_in_it() {
    let stat = b"7 (a ) S (\xff) 1) Z 1 7 7 0 -1 4194304 89 0 0 0 0 0 0 0 20 0 1 0 8301 0 0";
    assert_eq!(parse(stat), Some(Stat { state: b'Z', flags: 4194304, started: 8301 }));
    assert_eq!(parse(b"7 (name"), None);
    assert_eq!(parse(b"7 (name) S 1"), None);
}
