//! What it costs to start worker processes: a hundred of them by each method, beside a bare fork, a bare exec, and
//! CPython's multiprocessing.
//!
//! Run it with `cargo bench -p chapters --bench start`.

mod common;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this benchmark is made for Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::{Command, exit};
    use std::time::Instant;

    use nix::sys::wait::waitpid;
    use nix::unistd::{ForkResult, fork};

    use super::common::{PROCESSES, Sample, Target, demo, judge, judge_times_less, python};

    const WORKERS: usize = 100;
    const ROUNDS: usize = 9;

    pub fn main() {
        println!("starting a worker process, {WORKERS} of them: from the service's start to the last worker's\n");
        let methods = [("fork", None), ("spawn", Some(20.0)), ("forkserver", Some(5.0))];
        let mut services = [(); 3].map(|()| Sample::default());
        let mut peers = services.clone();
        let [mut forks, mut execs] = [(); 2].map(|()| Sample::default());
        for round in 0..ROUNDS {
            forks.add(bare_fork());
            execs.add(bare_exec());
            for (index, (method, _)) in methods.iter().enumerate() {
                services[index].add(service(method));
                if round % 3 == 0
                    && let Some(seconds) = python("start.py", &[method, "20"])
                {
                    peers[index].add(seconds / 20.0);
                }
            }
        }
        forks.print("a bare fork and wait", "ms", 1e3);
        execs.print("a bare spawn of `true` and wait", "ms", 1e3);
        for (index, (method, times_less)) in methods.into_iter().enumerate() {
            println!("\n{method}");
            services[index].print("a worker", "ms", 1e3);
            peers[index].print("CPython's", "ms", 1e3);
            match times_less {
                Some(times) => judge_times_less(&services[index], &peers[index], times),
                None => {
                    let ratio = services[index].median() / forks.median();
                    judge("divided by a bare fork", ratio, "x", Target::AtMost(1.2));
                }
            }
            let exec = services[index].median() / execs.median();
            println!("  {:<34} {exec:>10.2} x", "divided by a bare spawn");
        }
    }

    /// Seconds a worker, by the records of a run.
    fn service(method: &str) -> f64 {
        let (method, workers) = (format!("--method={method}"), format!("--workers={WORKERS}"));
        let records = demo(PROCESSES, &[&method, &workers, "--jobs=0", "--until-done", "--time=60"]);
        let started = records.iter().filter(|record| record.event.name() == "worker_started");
        let last = started.map(|record| record.at).max().expect("workers started");
        (last - records[0].at).as_secs_f64() / WORKERS as f64
    }

    /// Seconds for a process that is forked, ends at once, and is waited for when all are there.
    fn bare_fork() -> f64 {
        let begin = Instant::now();
        let start = |_| {
            // SAFETY: this process has one thread, so the copy lacks none.
            match unsafe { fork() }.expect("a process") {
                ForkResult::Parent { child } => child,
                ForkResult::Child => exit(0),
            }
        };
        let children: Vec<_> = (0..WORKERS).map(start).collect();
        children.into_iter().for_each(|child| _ = waitpid(child, None));
        begin.elapsed().as_secs_f64() / WORKERS as f64
    }

    /// Seconds for a program that is started, does nothing, and is waited for when all are there.
    fn bare_exec() -> f64 {
        let begin = Instant::now();
        let start = |_| Command::new("true").spawn().expect("a program that does nothing");
        let children: Vec<_> = (0..WORKERS).map(start).collect();
        children.into_iter().for_each(|mut child| _ = child.wait());
        begin.elapsed().as_secs_f64() / WORKERS as f64
    }
}
