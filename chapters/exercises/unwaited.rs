//! Each job runs in a child process, and the parent counts the jobs that weren't done. It misses some of them, and it
//! leaves zombies behind.
//!
//! Count every job that didn't return true, however its process ended, and leave no zombies behind. The jobs run at the
//! same time, and the parent doesn't poll.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// A job returns whether it was done.
pub type Job = fn() -> bool;

/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let (mut reader, writer) = io::pipe()?;
    for job in jobs {
        fork::start(|| {
            if !job() {
                (&writer).write_all(b"failed\n").expect("the parent reads the pipe");
            }
        })?;
    }
    drop(writer);
    let mut said = String::new();
    reader.read_to_string(&mut said)?;
    Ok(said.lines().count())
}
