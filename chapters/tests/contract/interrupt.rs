//! Ctrl-C, SIGTERM and SIGHUP: the first one stops the service as its deadline would, the second ends the program at once.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::story::Story;
use crate::common::{ALL, Inherited, Running, SOON, Variant, each, eventually, often, proc};

fn started(variant: &Variant, flags: &[&str]) -> Running {
    let mut run = variant.run(flags.iter().copied()).start();
    run.wait_for("job_started", |event| event.name() == "job_started");
    run
}

fn stopped_early(run: Running) {
    let story: Story = run.finish().exits_with(130).story();
    assert!(story.stopping() < Duration::from_secs(30), "stopped at {:?}, by its deadline", story.stopping());
    assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
}

const LONG: [&str; 4] = ["--jobs=5000", "--kind=io", "--scale=0.1", "--time=40"];

#[test]
fn an_interrupt_ends_the_service_as_its_deadline_would() {
    each(&ALL, |variant| {
        let run = started(variant, &LONG);
        run.signal(Signal::SIGINT);
        stopped_early(run);
    });
}

#[test]
fn an_interrupt_from_the_terminal_reaches_every_process_and_ends_none_in_its_job() {
    each(&ALL, |variant| {
        let run = started(variant, &LONG);
        run.signal_all(Signal::SIGINT);
        stopped_early(run);
    });
}

#[test]
fn an_interrupt_wakes_workers_that_wait_for_a_job() {
    each(&ALL, |variant| {
        let mut run = variant.run(["--jobs=0", "--time=40"]).start();
        run.wait_for("worker_started", |event| event.name() == "worker_started");
        run.signal_all(Signal::SIGINT);
        let story = run.finish().exits_with(130).story();
        let stopping = story.stopping();
        assert!(story.all("worker_finished").all(|end| end.at < stopping + SOON), "{:#?}", story.records);
        // A worker that isn't woken would wait until its timeout, and record it.
        let late = story.all("no_work").filter(|idle| idle.at > stopping + Duration::from_millis(50)).count();
        assert_eq!(late, 0, "stopping at {stopping:?}: {:#?}", story.records);
    });
}

#[test]
fn other_signals_that_end_programs_stop_the_service_too() {
    for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        each(&ALL, |variant| {
            let mut run = variant.run(LONG).inheriting(Inherited::Default(signal)).start();
            run.wait_for("job_started", |event| event.name() == "job_started");
            // To every process, as the system does it at its end, and a terminal that is closed.
            run.signal_all(signal);
            let story: Story = run.finish().exits_with(status).story();
            assert!(story.stopping() < Duration::from_secs(30), "stopped at {:?}, by its deadline", story.stopping());
            assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
        });
    }
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
        let run = started(variant, &["--jobs=100", "--scale=100", "--time=40"]);
        let (pid, family) = (run.pid(), proc::tree(run.pid()));
        // One is not enough, and two that come too quickly are one.
        eventually("the program ends", Duration::from_secs(5), || {
            let _ = nix::sys::signal::killpg(pid, Signal::SIGINT);
            (!proc::Process::find(pid)?.is_alive()).then_some(())
        });
        run.finish().exits_with(130);
        eventually("its processes end", Duration::from_secs(1), || {
            family.iter().all(|process| !process.is_alive()).then_some(())
        });
    });
}

#[test]
fn an_interrupt_while_workers_start_is_not_lost() {
    each(&ALL, |variant| {
        for _ in 0..often(3) {
            let mut run = variant.run(["--jobs=5000", "--kind=io", "--scale=0.1", "--time=40"]).start();
            // It holds interrupts back once they are blocked. One that came before would have ended the program, as it
            // ends any.
            eventually("the run attends to interrupts", Duration::from_secs(10), || {
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
            let story = run.finish().exits_with(130).story();
            assert!(story.stopping() < Duration::from_secs(30), "stopped at {:?}", story.stopping());
        }
    });
}
