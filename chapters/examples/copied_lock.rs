//! A child holds a lock, and its parent tries to acquire it: `cargo run --example copied_lock`.
//!
//! First with a thread's lock, which the fork copies, and then with a lock in shared memory.

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Read, Write};
    use std::sync::Arc;

    use chapters::processes::{self, shared::Shared, start::fork};
    use chapters::threads;

    // ANCHOR: both_hold
    /// Forks a child that acquires a lock, and tries to acquire the same lock while the child
    /// holds it. Returns whether both hold it.
    fn both_hold<G>(try_acquire: impl Fn() -> Option<G>) -> io::Result<bool> {
        let (mut from_child, mut to_parent) = io::pipe()?;
        let (mut from_parent, mut to_child) = io::pipe()?;
        let child = fork::start(|| {
            let held = try_acquire();
            let reported = to_parent.write_all(&[held.is_some().into()]);
            // Hold the guard until the parent has tried.
            reported.and_then(|()| from_parent.read_exact(&mut [0])).expect("the parent is alive");
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
        let say = |both| if both { "and so does the parent" } else { "but the parent can't acquire it" };
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
fn main() -> std::process::ExitCode {
    chapters::demo::needs_linux("copied_lock", "fork and shared memory")
}
