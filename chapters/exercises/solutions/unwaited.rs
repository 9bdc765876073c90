//! Each job that's done reports that, and the parent waits for every child.

use std::io::{self, Read, Write};

use chapters::processes::start::{Process, fork};

/// A job returns whether it was done.
pub type Job = fn() -> bool;

// ANCHOR: solution
/// The number of jobs that were not done. Each job runs in a process of its own.
pub fn failures(jobs: &[Job]) -> io::Result<usize> {
    let (mut reader, writer) = io::pipe()?;
    let mut processes = Vec::new();
    for job in jobs {
        let child = fork::start(|| {
            if job() {
                (&writer).write_all(b"+").expect("the parent reads the pipe");
            }
        })?;
        processes.push(child);
    }
    drop(writer);
    let mut done = Vec::new();
    reader.read_to_end(&mut done)?;
    processes.iter().map(Process::wait).collect::<io::Result<Vec<_>>>()?;
    Ok(jobs.len() - done.len())
}
// ANCHOR_END: solution
