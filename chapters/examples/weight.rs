//! Compares two measurements of what idle workers take: the sum of PSS, page tables, kernel stacks, and slab, as in
//! `chapter-choosing --only=idle`, and the memory of the whole machine that is no longer available.
//!
//! `cargo run --example weight -- threads 10000` starts as many workers. The first argument can also be `processes` or
//! `coroutines`. The second measurement contains what all other programs do, so it needs a machine on which they do little.

use std::process::{Command, ExitCode};
use std::{env, fs, io};

use chapters::measure::weigh::weigh_and;
use chapters::memory::field;
use chapters::statistics::median;

/// The number of rounds, whose median is printed.
const ROUNDS: usize = 5;

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
    let before = in_use()?;
    let (memory, after, _) = weigh_and(&mut command, "worker_started", workers, in_use)?;
    Ok((memory.total(), after - before))
}

/// The memory of the machine that is in use and can't be reclaimed, in bytes.
fn in_use() -> io::Result<i64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let size = |name| field(&text, name).ok_or_else(|| io::Error::other(format!("/proc/meminfo has no {name}")));
    // Cached contains what processes share (Shmem), which can't be reclaimed.
    let free = size("MemFree")? + size("Buffers")? + size("Cached")? + size("SReclaimable")? - size("Shmem")?;
    Ok(((size("MemTotal")? - free) << 10) as i64)
}
