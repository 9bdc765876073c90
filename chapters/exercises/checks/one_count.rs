//! Checks `one_count`.

use checks::{Check, Checks};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chapters::processes::Method;
use chapters::processes::shared::Shared;
use chapters::processes::start::{Child, Starter};

use super::one_count::Counter;

/// The checks.
pub const CHECKS: Checks =
    Checks::new(&[Check::new("Three workers count to 1,000 each, with each start method.", check)])
        .with_child(chapters::processes::start::child_main::<Counter>);

/// How many workers there are, and how far each of them counts.
const WORKERS: u64 = 3;
const TIMES: u64 = 1_000;

fn check() -> Result<(), String> {
    let [fork, spawn, forkserver] = [Method::Fork, Method::Spawn, Method::Forkserver].map(count);
    let cannot = |error: io::Error| error.to_string();
    let counts = [fork.map_err(cannot)?, spawn.map_err(cannot)?, forkserver.map_err(cannot)?];
    if counts == [WORKERS * TIMES; 3] {
        return copies();
    }
    let [fork, spawn, forkserver] = counts;
    Err(format!(
        "{WORKERS} workers counted to {TIMES} each. The count is {fork} by fork, {spawn} by spawn and {forkserver} by forkserver."
    ))
}

/// How far workers have counted together that were started by `method`.
fn count(method: Method) -> io::Result<u64> {
    let memory = Arc::new(Shared::new(1)?);
    let word = memory.at(memory.place(1)?, 1)?;
    let starter = Starter::new(method)?;
    let start = |_| starter.start(Counter { word: word.clone(), times: TIMES });
    let workers = (0..WORKERS).map(start).collect::<io::Result<Vec<_>>>()?;
    workers.into_iter().for_each(|worker| _ = worker.wait());
    Ok(word[0].load(Relaxed))
}

/// Packs and unpacks a counter in this process, with other numbers.
fn copies() -> Result<(), String> {
    let cannot = |error: io::Error| error.to_string();
    let memory = Arc::new(Shared::new(1_000).map_err(cannot)?);
    _ = memory.place(1).map_err(cannot)?;
    let word = memory.at(memory.place(1).map_err(cannot)?, 1).map_err(cannot)?;
    let counter = Counter { word: word.clone(), times: 7 };
    let (preparation, files) = counter.pack().map_err(cannot)?;
    if word[0].load(Relaxed) > 0 {
        return Err("`pack` runs in the parent, and it counts. Only the worker should count.".to_owned());
    }
    let files = files.iter().map(|file| file.try_clone_to_owned()).collect::<io::Result<_>>().map_err(cannot)?;
    let copy = Counter::unpack(preparation, files).map_err(cannot)?;
    if word[0].load(Relaxed) > 0 {
        return Err("`unpack` counts, and that's what `run` is for.".to_owned());
    }
    copy.run();
    match word[0].load(Relaxed) {
        7 => Ok(()),
        count => {
            Err(format!("A worker was to count to 7 at the second place of a memory, and the count there is {count}."))
        }
    }
}
