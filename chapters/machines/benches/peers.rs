//! Empty jobs a second past one machine, beside Celery on Redis, and `multiprocessing` without a broker.
//!
//! `cargo bench -p machines --bench peers [ROUNDS]` needs nats-server, redis-server, and the packages celery and redis in the
//! Python that the variable `PEERS_PYTHON` names, `python3` by default. Each round runs all variants, in random order, and
//! the ratios are computed within a round. All processes are on one machine and share its cores.
//!
//! The rate of our service includes the start and the end of its workers. The rates of the others are from the first
//! result to the last.

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use chapters::record::{Event, seconds};
use chapters::statistics::{Verdict, interval, median, verdict};
use chapters::view::json;
use rand::seq::SliceRandom;

/// The goal, in multiples of Celery's rate.
const GOAL: f64 = 15.0;
const ROUNDS: usize = 5;
const WORKERS: u32 = 4;

/// The name of a variant, the number of its jobs, and how it's run. A slow one has fewer jobs, so that it doesn't take
/// minutes.
type Variant = (&'static str, u64, fn(u64) -> Result<f64, String>);

const VARIANTS: [Variant; 5] = [
    ("three replicas", 100_000, |jobs| ours(jobs, 3)),
    ("one broker", 100_000, |jobs| ours(jobs, 1)),
    ("Celery, Redis syncs always", 3_000, |jobs| python("celery_peer.py", jobs, &["always"])),
    ("Celery, Redis syncs every second", 3_000, |jobs| python("celery_peer.py", jobs, &["everysec"])),
    ("multiprocessing.Pool, no broker", 100_000, |jobs| python("pool_peer.py", jobs, &[])),
];

fn main() -> ExitCode {
    let rounds = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    match measure(rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(rounds: usize) -> Result<(), String> {
    let mut rates = vec![Vec::new(); VARIANTS.len()];
    let mut order: Vec<usize> = (0..VARIANTS.len()).collect();
    for round in 1..=rounds {
        order.shuffle(&mut rand::rng());
        for &number in &order {
            let (name, jobs, run) = VARIANTS[number];
            let rate = run(jobs).map_err(|error| format!("{name}: {error}"))?;
            let _ = writeln!(io::stderr(), "round {round} of {rounds}: {name}: {rate:.0}/s");
            rates[number].push(rate);
        }
    }
    let mut out = io::stdout();
    let mut row = |text: String| writeln!(out, "{text}").map_err(|error| error.to_string());
    row(format!("{:<34}{:>12}  {}", "empty jobs, 4 workers", "a second", "three replicas do so many times as many"))?;
    for ((name, ..), its) in VARIANTS.iter().zip(&rates) {
        let ratios: Vec<f64> = rates[0].iter().zip(its).map(|(ours, its)| ours / its).collect();
        let (Some(rate), Some(ratio), Some(range)) =
            (median(its.iter().copied()), median(ratios.iter().copied()), interval(&ratios))
        else {
            return Err("expected at least one round".to_owned());
        };
        let judged = if *name == VARIANTS[2].0 {
            match verdict(&range, &(GOAL..=f64::INFINITY)) {
                Verdict::Reached => format!(", at least {GOAL}: reached"),
                Verdict::Missed => format!(", at least {GOAL}: missed"),
                Verdict::NotDecided => format!(", at least {GOAL}: not decided"),
            }
        } else {
            String::new()
        };
        row(format!("{name:<34}{rate:>12.0}  {ratio:.2} ({:.2} to {:.2}, 95 %){judged}", range.start(), range.end()))?;
    }
    Ok(())
}

fn ours(jobs: u64, brokers: u32) -> Result<f64, String> {
    let flags = "--scale=0 --seed=1 --until-done --quiet --format=json --time=3600 --ack-wait=60";
    let mut command = Command::new(env!("CARGO_BIN_EXE_chapter-machines"));
    command.arg(format!("--jobs={jobs}")).arg(format!("--workers={WORKERS}")).arg(format!("--brokers={brokers}"));
    let printed = output(command.args(flags.split(' ')))?;
    let records = json::read(&printed)?;
    match records.last().map(|record| (&record.event, seconds(record.at))) {
        Some((Event::ServiceStopped(summary), wall)) if summary.completed == jobs => Ok(jobs as f64 / wall),
        last => Err(format!("expected a summary with all jobs completed: {last:?}")),
    }
}

fn python(script: &str, jobs: u64, more: &[&str]) -> Result<f64, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/");
    let mut command = Command::new(env::var_os("PEERS_PYTHON").unwrap_or("python3".into()));
    command.arg(folder.to_owned() + script).arg(jobs.to_string()).arg(WORKERS.to_string()).args(more);
    let printed = output(&mut command)?;
    printed.trim().parse().map_err(|_| format!("{script} printed {printed:?}, expected a number"))
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let error = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).ok_or_else(|| format!("{}: {}", output.status, error.trim()))?;
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
