//! Thousands of SIGKILLs of random processes at random moments, in the service and in every scene that processes can
//! play, by all start methods.
//!
//! A victim is any process of a run: a worker, the fork server, or the program itself. Whichever it is, the run ends, no
//! process outlives it, and no zombie is left. The victims decide how it ends:
//!
//! | killed | end of the run |
//! | --- | --- |
//! | workers | a summary; status 1 if one of them hadn't finished |
//! | the fork server, and so its workers | the same, or an error if a worker was still to be started |
//! | the program, and so every process | the signal; no process survives it |
//!
//! The seed on the command line of a failed run also chose its victims and moments. `SOAK_SEED=N` begins with that run.

#![cfg(target_os = "linux")]

mod case;
#[path = "../common/mod.rs"]
#[allow(dead_code)]
mod common;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, panic};

use chapters::random::{Random, Seed};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rand::RngExt;

use case::{Case, WORKERS};
use common::eventually;
use common::proc::{self, Process};

/// How many processes `cargo test` kills, about three in each case, and how many `.ci/run`.
const FEW_KILLS: usize = 150;
const MANY_KILLS: usize = 10_000;
/// How many runs there are at a time. They wait for most of their time.
const AT_ONCE: usize = 4;
/// The most kills in one run.
const MAX_KILLS: usize = 6;
/// A run that takes longer hangs. It has less than a second of work.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The most records after which the first kill comes, and the longest pause before each.
const RECORDS: usize = 20;
const PAUSE: Duration = Duration::from_millis(8);
/// Each kill spares the program, except for one in `PROGRAM_ONE_IN`.
const PROGRAM_ONE_IN: u32 = 6;

/// A process that was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Worker,
    ForkServer,
    Program,
}

impl Victim {
    const ALL: [Self; 3] = [Self::Worker, Self::ForkServer, Self::Program];
}

#[test]
fn a_few_processes_killed_at_random_leave_no_run_hanging_and_no_process_behind() {
    soak(FEW_KILLS);
}

#[test]
#[ignore = "long: run by .ci/run"]
fn ten_thousand_processes_killed_at_random_leave_no_run_hanging_and_no_process_behind() {
    soak(MANY_KILLS);
}

/// Kills `wanted` processes, one run after the other, and prints how many it were by victim.
fn soak(wanted: usize) {
    // Orphans become children of this process, which alone reaps them, so no zombie can disappear unseen.
    prctl::set_child_subreaper(true).expect("the system lets a process adopt orphans");
    let first =
        env::var("SOAK_SEED").map_or_else(|_| rand::random::<u32>().into(), |seed| seed.parse().expect("a seed"));
    let cases = Case::all();
    let (next, begin, kills) = (AtomicI64::new(first), Instant::now(), Mutex::new(Vec::new()));
    let play = || {
        while kills.lock().expect("no run has failed").len() < wanted {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let case = cases[seed as usize % cases.len()];
            let victims = panic::catch_unwind(|| run(case, seed));
            // A run that failed poisons the mutex, which ends the other threads.
            let mut kills = kills.lock().expect("no run has failed");
            let victims = victims.unwrap_or_else(|failure| panic::resume_unwind(failure));
            kills.extend(victims.into_iter().map(|victim| (case, victim)));
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| _ = scope.spawn(play)));
    let runs = next.load(Ordering::Relaxed) - first;
    println!("{runs} runs from seed {first} in {:.0?}", begin.elapsed());
    let kills = kills.into_inner().expect("no run has failed");
    let killed = Victim::ALL.map(|kind| kills.iter().filter(|(_, victim)| *victim == kind).count());
    println!("killed: {killed:?} of {:?}", Victim::ALL);
    if wanted == MANY_KILLS {
        assert!(!killed.contains(&0), "a kind of process was never killed");
        let played: BTreeSet<Case> = kills.into_iter().map(|(case, _)| case).collect();
        assert_eq!(played.len(), cases.len(), "a case was left out");
    }
}

/// Runs a case, kills some of its processes, and checks how it ends. Returns the victims.
fn run(case: Case, seed: i64) -> Vec<Victim> {
    let mut random = Random::new(&Seed::from(seed));
    let mut run = case.run(seed).within(TIMEOUT).start();
    let program = Process::find(run.pid()).expect("this process hasn't reaped it");
    // Right after the start, or in the middle of the work.
    if random.random_range(0..3) > 0 {
        let records = random.random_range(1..RECORDS);
        (0..records).take_while(|_| run.line().is_some()).for_each(drop);
    }
    let (wanted, mut victims) = (random.random_range(1..=MAX_KILLS), Vec::new());
    while victims.len() < wanted {
        thread::sleep(random.random_range(Duration::ZERO..PAUSE));
        if !program.is_alive() {
            break;
        }
        let mut family: Vec<Process> = proc::descendants(program.pid).into_iter().filter(Process::is_alive).collect();
        if family.is_empty() && !victims.is_empty() {
            break; // the program must notice by itself that the others are gone
        }
        // Its death ends the run, so it's mostly spared.
        if random.random_range(0..PROGRAM_ONE_IN) == 0 {
            family.push(program.clone());
        }
        if family.is_empty() {
            continue;
        }
        let victim = &family[random.random_range(0..family.len())];
        if victim.kill() {
            victims.push(match victim.parent == program.pid {
                _ if victim.pid == program.pid => Victim::Program,
                true if case.method == "forkserver" => Victim::ForkServer,
                _ => Victim::Worker,
            });
        }
    }
    let run = run.finish();
    let orphans = reap_orphans(run.pid, &run.line);
    if run.status == -9 {
        assert!(victims.contains(&Victim::Program), "{}: killed by another process", run.line);
        return victims;
    }
    assert!(orphans == 0 || victims.contains(&Victim::ForkServer), "{}: {orphans} processes weren't reaped", run.line);
    assert!(matches!(run.status, 0 | 1), "{}: status {}: {}", run.line, run.status, run.stderr);
    if run.lines.is_empty() || !run.stderr.is_empty() {
        // Without its server, the program can't start the next worker.
        assert!(victims.contains(&Victim::ForkServer), "{}: {:?}", run.line, run.stderr);
        assert_eq!((run.status, run.stderr.lines().count()), (1, 1), "{}: {}", run.line, run.stderr);
        assert!(run.stderr.starts_with("error: "), "{}: {}", run.line, run.stderr);
        return victims;
    }
    let (line, status) = (run.line.clone(), run.status);
    let died = case.died(run);
    assert_eq!(status, i32::from(died > 0), "{line}: {died} workers died of {victims:?}");
    let most = if victims.contains(&Victim::ForkServer) { WORKERS } else { victims.len() };
    assert!(died <= most, "{line}: {died} workers died of {victims:?}");
    victims
}

/// Reaps the processes of a run whose parents are gone, and returns how many it were. Its first process was reaped.
fn reap_orphans(group: Pid, line: &str) -> usize {
    let mut orphans = 0;
    eventually(&format!("the last process of {line} has ended"), TIMEOUT, || {
        loop {
            match waitpid(Pid::from_raw(-group.as_raw()), Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return None,
                Ok(_) => orphans += 1,
                // No process of the group is a child of this one. A child of another process can't be left, either.
                Err(Errno::ECHILD) => return proc::group(group).is_empty().then_some(()),
                Err(error) => panic!("{line}: {error}"),
            }
        }
    });
    orphans
}
