//! What the service itself costs: the time per empty job of each model, beside the bare primitive that it is built on,
//! and beside CPython's own standard library doing the same.
//!
//! Run it with `cargo bench -p chapters --bench overhead`.

mod common;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this benchmark is made for Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    quiet();
    printed();
}

#[cfg(target_os = "linux")]
use linux::{printed, quiet};

#[cfg(target_os = "linux")]
mod linux {
    use std::hint::black_box;
    use std::process::exit;
    use std::thread;
    use std::time::{Duration, Instant};

    use chapters::job::{Job, Kind, jobs};
    use chapters::random::Seed;
    use nix::sys::wait::waitpid;
    use nix::unistd::{ForkResult, fork, pipe, read, write};

    use super::common::{
        COROUTINES, PROCESSES, Sample, THREADS, Target, demo, demo_into_file, judge, judge_times_less, python,
        python_into_file, summary,
    };

    const JOBS: usize = 300_000;
    /// CPython is given fewer: it has no use for more to show the same figure.
    const PYTHON_JOBS: usize = 30_000;
    const WORKERS: usize = 4;
    const ROUNDS: usize = 9;
    const PATIENCE: Duration = Duration::from_secs(1);

    type Bare = fn() -> f64;
    const MODELS: [(&str, &str, Bare, f64, f64); 3] = [
        ("threads", THREADS, channel, 50.0, 2.0),
        ("processes", PROCESSES, bare_pipe, 20.0, f64::INFINITY),
        ("coroutines", COROUTINES, async_channel, 50.0, f64::INFINITY),
    ];

    pub fn quiet() {
        println!("overhead per empty job, nothing printed: {JOBS} jobs, {WORKERS} workers\n");
        let flags = ["--jobs=300000", "--scale=0", "--workers=4", "--until-done", "--time=600", "--quiet"];
        for (model, program, bare, times_less, times_bare) in MODELS {
            let [mut service, mut primitive, mut peer] = [(); 3].map(|()| Sample::default());
            for round in 0..ROUNDS {
                primitive.add(bare() / JOBS as f64);
                service.add(summary(&demo(program, &flags)).wall_seconds / JOBS as f64);
                if round % 3 == 0
                    && let Some(seconds) = python("overhead.py", &[model, &PYTHON_JOBS.to_string()])
                {
                    peer.add(seconds / PYTHON_JOBS as f64);
                }
            }
            println!("{model}");
            service.print("the service", "us", 1e6);
            primitive.print("the bare primitive", "us", 1e6);
            peer.print("CPython", "us", 1e6);
            judge_times_less(&service, &peer, times_less);
            let ratio = service.median() / primitive.median();
            match times_bare.is_finite() {
                true => judge("divided by the bare primitive's", ratio, "x", Target::AtMost(times_bare)),
                false => println!("  {:<34} {ratio:>10.2} x", "divided by the bare primitive's"),
            }
            println!();
        }
    }

    pub fn printed() {
        println!("overhead per empty job, every record printed to a file, the program's start and end included\n");
        let flags = ["--jobs=300000", "--scale=0", "--workers=4", "--until-done", "--time=600"];
        for (model, program, ..) in MODELS {
            let [mut service, mut peer] = [(); 2].map(|()| Sample::default());
            for _ in 0..3 {
                service.add(demo_into_file(program, &flags) / JOBS as f64);
                if let Some(seconds) = python_into_file("overhead.py", &[model, &PYTHON_JOBS.to_string(), "print"]) {
                    peer.add(seconds / PYTHON_JOBS as f64);
                }
            }
            println!("{model}");
            service.print("the service", "us", 1e6);
            peer.print("CPython", "us", 1e6);
            judge_times_less(&service, &peer, 20.0);
            println!();
        }
    }

    fn list() -> impl Iterator<Item = Job> {
        jobs(&Seed::from(1), Kind::Cpu).take(JOBS)
    }

    /// Threads that empty a crossbeam channel.
    fn channel() -> f64 {
        let (jobs, queue) = crossbeam::channel::unbounded();
        list().for_each(|job| jobs.send(job).expect("there is a receiver"));
        drop(jobs);
        let begin = Instant::now();
        let work = || {
            while let Ok(job) = queue.recv_timeout(PATIENCE) {
                black_box(job);
            }
        };
        thread::scope(|scope| (0..WORKERS).for_each(|_| _ = scope.spawn(work)));
        begin.elapsed().as_secs_f64()
    }

    /// Processes that empty a pipe of frames of one size. A read of 32 bytes gets one frame: nobody writes less.
    fn bare_pipe() -> f64 {
        let frame = [7; 32];
        let (reader, writer) = pipe().expect("a pipe");
        let begin = Instant::now();
        let fork = || {
            // SAFETY: this process has one thread at this moment, so the copy lacks none.
            unsafe { fork() }.expect("a process")
        };
        let mut children = Vec::new();
        let mut writer = Some(writer);
        for _ in 0..WORKERS {
            match fork() {
                ForkResult::Parent { child } => children.push(child),
                ForkResult::Child => {
                    drop(writer.take());
                    let mut frame = frame;
                    while read(&reader, &mut frame).is_ok_and(|length| length > 0) {
                        black_box(frame);
                    }
                    exit(0);
                }
            }
        }
        drop(reader);
        let writer = writer.take().expect("the parent writes");
        (0..JOBS).for_each(|_| assert_eq!(write(&writer, &frame), Ok(frame.len())));
        drop(writer);
        children.into_iter().for_each(|child| _ = waitpid(child, None));
        begin.elapsed().as_secs_f64()
    }

    /// Coroutines that empty an async-channel on one thread.
    fn async_channel() -> f64 {
        let (jobs, queue) = async_channel::unbounded();
        list().for_each(|job| jobs.try_send(job).expect("there is a receiver"));
        drop(jobs);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let begin = Instant::now();
        runtime.block_on(async {
            let work = |queue: async_channel::Receiver<Job>| async move {
                while let Ok(Ok(job)) = tokio::time::timeout(PATIENCE, queue.recv()).await {
                    black_box(job);
                }
            };
            let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(work(queue.clone()))).collect();
            for worker in workers {
                worker.await.expect("the worker ends");
            }
        });
        begin.elapsed().as_secs_f64()
    }
}
