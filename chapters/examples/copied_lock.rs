//! A child has the lock, and its parent tries to take it: `cargo run --example copied_lock`.
//!
//! With a thread's lock, of which the child has a copy, and with one in memory that both processes share.

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Read, Write};
    use std::sync::Arc;

    use chapters::processes::{self, shared::Shared, start::fork};
    use chapters::threads;

    // ANCHOR: both_hold
    /// Makes a child that acquires a lock, and tries to acquire it too, while the child
    /// holds it. Returns whether both have it.
    fn both_hold<G>(try_acquire: impl Fn() -> Option<G>) -> io::Result<bool> {
        let (mut from_child, mut to_parent) = io::pipe()?;
        let (mut from_parent, mut to_child) = io::pipe()?;
        let child = fork::start(|| {
            let held = try_acquire();
            let told = to_parent.write_all(&[held.is_some().into()]);
            // It keeps the guard until the parent has tried.
            told.and_then(|()| from_parent.read_exact(&mut [0])).expect("the parent lives");
        })?;
        let mut child_holds = [0];
        from_child.read_exact(&mut child_holds)?;
        let parent_holds = try_acquire().is_some();
        to_child.write_all(&[0])?;
        child.wait()?;
        Ok(child_holds == [1] && parent_holds)
    }
    // ANCHOR_END: both_hold

    pub fn main() -> io::Result<()> {
        let of_threads = threads::Lock::new();
        let of_processes = processes::Lock::new(&Arc::new(Shared::new(processes::Lock::<()>::WORDS)?))?;
        let say = |both| if both { "and so does the parent" } else { "and the parent does not get it" };
        println!("a thread's lock:  the child holds it, {}", say(both_hold(|| of_threads.try_acquire())?));
        println!("a process's lock: the child holds it, {}", say(both_hold(|| of_processes.try_acquire())?));
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    chapters::environment::prepare_example();
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the processes of this book need Linux: fork, and memory that processes share");
}
