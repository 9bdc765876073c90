//! Reads all results of a worker at once.

use std::io::{self, Read, Write};

use chapters::processes::start::fork;

/// A job computes a number. It may also end its process.
pub type Job = fn() -> u64;

/// Does the jobs in order, in a worker process, and returns their results. A job that ends its process doesn't have a result, and
/// a new worker does the rest.
pub fn run(jobs: &[Job]) -> io::Result<Vec<Option<u64>>> {
    let mut results = Vec::new();
    while let Some(rest @ [_, ..]) = jobs.get(results.len()..) {
        let (mut reader, mut writer) = io::pipe()?;
        let worker = fork::start(|| rest.iter().for_each(|job| writer.write_all(&job().to_le_bytes()).unwrap()))?;
        drop(writer);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        worker.wait()?;
        let done = bytes.chunks_exact(8).map(|result| Some(u64::from_le_bytes(result.try_into().unwrap())));
        results.extend(done.chain([None]).take(rest.len()));
    }
    Ok(results)
}
