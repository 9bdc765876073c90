//! Sends the number of the job with the result.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// A job computes a number. It may also end its process.
pub type Job = fn() -> u64;

/// Does the jobs in order, in a worker process, and returns their results. A job that ends its process doesn't have a result, and
/// a new worker does the rest.
pub fn run(jobs: &[Job]) -> io::Result<Vec<Option<u64>>> {
    let mut results = vec![None; jobs.len()];
    let mut next = 0;
    while next < jobs.len() {
        let (mut reader, mut writer) = io::pipe()?;
        let worker = fork::start(|| {
            for (number, job) in jobs.iter().enumerate().skip(next) {
                let message = [number as u64, job()];
                writer.write_all(&message[0].to_le_bytes()).unwrap();
                writer.write_all(&message[1].to_le_bytes()).unwrap();
            }
        })?;
        drop(writer);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        worker.wait()?;
        for message in bytes.chunks_exact(16) {
            let number = u64::from_le_bytes(message[..8].try_into().unwrap()) as usize;
            results[number] = Some(u64::from_le_bytes(message[8..].try_into().unwrap()));
            next = number + 1;
        }
        next += 1;
    }
    Ok(results)
}
