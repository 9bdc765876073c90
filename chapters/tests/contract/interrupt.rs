//! Ctrl-C, SIGTERM and SIGHUP: the first one stops the service as its deadline would, the second ends the program at once.

use nix::sys::signal::Signal;

use crate::common::story::Story;
use crate::common::{ALL, FOREVER, Inherited, Running, TIMEOUT, each, eventually, often, proc, sooner_or_later};

const LONG: [&str; 3] = ["--jobs=10000", "--scale=0.1", FOREVER];

#[test]
fn a_signal_ends_the_service_as_its_deadline_would() {
    type Send = fn(&Running, Signal);
    for (signal, send, kind, status) in [
        (Signal::SIGINT, Running::signal as Send, "--kind=io", 130),
        // To every process, as a terminal does it with Ctrl-C and when it is closed, and the system at its end.
        (Signal::SIGINT, Running::signal_all, "--kind=io", 130),
        (Signal::SIGTERM, Running::signal_all, "--kind=net", 143),
        (Signal::SIGHUP, Running::signal_all, "--kind=io", 129),
    ] {
        each(&ALL, |variant| {
            let mut run = variant.run(LONG.into_iter().chain([kind])).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            send(&run, signal);
            let story: Story = run.finish().exits_with(status).story();
            assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
        });
    }
}

#[test]
fn an_interrupt_wakes_workers_that_wait_for_a_job() {
    each(&ALL, |variant| {
        sooner_or_later("no worker waits until its timeout", || {
            let mut run = variant.run(["--jobs=0", FOREVER]).start();
            run.wait_for("worker_started", |event| event.name() == "worker_started");
            run.signal_all(Signal::SIGINT);
            !run.finish().exits_with(130).story().has_late_timeouts()
        });
    });
}

#[test]
fn a_signal_that_was_ignored_when_the_program_started_stays_ignored() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        each(&ALL, |variant| {
            let flags = ["--jobs=20", "--kind=io", "--scale=0.02", "--until-done"];
            let mut run = variant.run(flags).inheriting(Inherited::Ignored(signal)).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            run.signal_all(signal);
            let story: Story = run.finish().exits_with(0).story();
            assert_eq!(story.summary.completed, 20, "{:?}", story.summary);
        });
    }
}

#[test]
fn a_second_interrupt_ends_the_program_at_once() {
    each(&ALL, |variant| {
        let mut run = variant.run(["--jobs=100", "--scale=1000", FOREVER]).start();
        run.wait_for("job_started", |event| event.name() == "job_started");
        let (pid, family) = (run.pid(), proc::tree(run.pid()));
        // One is not enough, and two that come too quickly are one.
        eventually("the program ends", TIMEOUT, || {
            let _ = nix::sys::signal::killpg(pid, Signal::SIGINT);
            (!proc::Process::find(pid)?.is_alive()).then_some(())
        });
        run.finish().exits_with(130);
        eventually("its processes end", TIMEOUT, || family.iter().all(|process| !process.is_alive()).then_some(()));
    });
}

#[test]
fn an_interrupt_while_workers_start_is_not_lost() {
    each(&ALL, |variant| {
        for _ in 0..often(3) {
            let mut run = variant.run(LONG.into_iter().chain(["--kind=io"])).start();
            // It holds interrupts back once they are blocked. One that came before would have ended the program, as it
            // ends any.
            eventually("the run attends to interrupts", TIMEOUT, || {
                let status = std::fs::read_to_string(format!("/proc/{}/status", run.pid())).ok()?;
                let mask = |name: &str| {
                    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                    u64::from_str_radix(line.trim(), 16).ok()
                };
                let bit = 1 << (Signal::SIGINT as u64 - 1);
                ((mask("SigBlk:")? | mask("SigCgt:")?) & bit != 0).then_some(())
            });
            run.signal_all(Signal::SIGINT);
            while run.record().is_some() {}
            let _ = run.finish().exits_with(130).story();
        }
    });
}
