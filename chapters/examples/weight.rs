//! Compares two measurements of what idle workers take: the sum of PSS, page tables, kernel stacks, and slab, as in
//! `chapter-choosing --only=idle`, and the memory of the whole machine that is no longer available.
//!
//! `cargo run --example weight -- threads 10000` starts as many workers. The first argument can also be `processes` or
//! `coroutines`. The second measurement contains what all other programs do, so it needs a machine on which they do little.

use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs, io, thread};

use chapters::measure::weigh::weigh_and;
use chapters::memory::field;
use chapters::statistics::median;

/// The number of rounds, whose median is printed.
const ROUNDS: usize = 3;
/// The time between two samples, and the largest number of samples.
const SAMPLING: (Duration, u32) = (Duration::from_millis(500), 120);
/// The size of a page, in bytes, on most machines.
const PAGE: i64 = 4096;
/// By how many bytes the memory in use may vary within [`STABLE`] samples if the machine is idle.
const NOISE: i64 = 1 << 20;
/// The number of samples of an idle machine.
const STABLE: usize = 6;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, workers] = &arguments[..] else { return usage() };
    let (true, Ok(workers @ 2..)) = (["threads", "processes", "coroutines"].contains(&model.as_str()), workers.parse())
    else {
        return usage();
    };
    match compare(model, workers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("error: expected `threads`, `processes` or `coroutines`, and the number of workers, at least 2");
    ExitCode::from(2)
}

fn compare(model: &str, workers: u32) -> io::Result<()> {
    let (mut parts, mut machine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (parts_of_one, machine_of_one) = measure(model, 1)?;
        let (parts_of_all, machine_of_all) = measure(model, workers)?;
        let each = |all: i64, one: i64| (all - one) as f64 / f64::from(workers - 1) / 1024.0;
        parts.push(each(parts_of_all, parts_of_one));
        machine.push(each(machine_of_all, machine_of_one));
    }
    let (parts, machine) = (median(parts).unwrap_or_default(), median(machine).unwrap_or_default());
    println!("PSS, page tables, kernel stacks, slab {parts:>8.1} KiB for each of {workers} workers");
    println!("by /proc/meminfo                      {machine:>8.1} KiB");
    println!("difference                            {:>8.1} %", 100.0 * (parts / machine - 1.0));
    Ok(())
}

/// The memory of a service with idle workers, in bytes: the sum of its parts, and the decrease of the free memory.
fn measure(model: &str, workers: u32) -> io::Result<(i64, i64)> {
    let program = env::current_exe()?;
    let folder = program.parent().and_then(|examples| examples.parent());
    let program = folder.map(|folder| folder.join(format!("chapter-{model}"))).filter(|program| program.is_file());
    let build = format!("there is no chapter-{model} beside this example: run `cargo build --bins` first");
    let mut command = Command::new(program.ok_or_else(|| io::Error::other(build))?);
    command.args([&format!("--workers={workers}"), "--jobs=0", "--time=600", "--format=json"]);
    let before = when_stable()?;
    let (memory, after, _) = weigh_and(&mut command, "worker_started", workers, in_use)?;
    Ok((memory.total(), after - before))
}

/// The memory that is in use once it no longer changes: Linux frees the memory of ended threads and processes little by
/// little. In a virtual machine, a page may also be on its way to the host for some seconds.
fn when_stable() -> io::Result<i64> {
    let mut samples = Vec::new();
    for _ in 0..SAMPLING.1 {
        samples.push(in_use()?);
        if let Some(recent) = samples.last_chunk::<STABLE>() {
            let least = recent.iter().fold(recent[0], |least, sample| least.min(*sample));
            if recent.iter().all(|sample| sample - least < NOISE) {
                return Ok(recent[STABLE - 1]);
            }
        }
        thread::sleep(SAMPLING.0);
    }
    Err(io::Error::other("the memory in use changes all the time: stop other programs first"))
}

/// The memory of the machine that is in use and can't be reclaimed, in bytes.
fn in_use() -> io::Result<i64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let size = |name| field(&text, name).ok_or_else(|| io::Error::other(format!("/proc/meminfo has no {name}")));
    // Cached contains what processes share (Shmem), which can't be reclaimed.
    let free = size("MemFree")? + size("Buffers")? + size("Cached")? + size("SReclaimable")? - size("Shmem")?;
    // Pages that each core keeps ready aren't in MemFree, although they are free.
    let zones = fs::read_to_string("/proc/zoneinfo")?;
    let ready = zones.lines().filter_map(|line| line.trim().strip_prefix("count:")?.trim().parse::<i64>().ok());
    Ok((((size("MemTotal")? - free) << 10) as i64) - ready.sum::<i64>() * PAGE)
}
