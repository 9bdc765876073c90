//! Other surroundings: the first process of a container, no `/proc`, file systems that are read-only, no terminal.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Uid, getuid};

use super::common::story::Story;
use super::common::{CURRENT_THREAD, FORK, FORKSERVER, SPAWN, THREADS, proc};
use super::{TIMEOUT, copes, programs};

/// Runs every program under a command that changes its surroundings, and returns whether it could.
fn under(wrapper: &[&str], what: &str, must_work: bool) {
    if getuid() != Uid::from_raw(0) {
        println!("skipped: only the administrator can change {what}");
        return;
    }
    for (program, arguments) in programs() {
        let arguments = arguments.iter().map(String::as_str);
        let run = program.under(wrapper, arguments).within(TIMEOUT).env("RUST_BACKTRACE", "0").finish();
        if run.stderr.contains("unshare failed") || run.stderr.contains("mount: ") {
            println!("skipped: {what}: {}", run.stderr);
            return;
        }
        copes(&run, what);
        assert!(run.status == 0 || !must_work, "{}, {what}: status {}: {}", run.line, run.status, run.stderr);
    }
}

#[test]
fn a_program_may_be_the_first_process_of_a_container() {
    under(&["unshare", "--pid", "--fork", "--mount-proc"], "the numbers of processes", true);
}

#[test]
fn a_program_without_proc_works_or_says_so() {
    under(&["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"], "/proc", false);
}

#[test]
fn a_program_needs_no_file_system_that_it_can_write_to() {
    // The program itself may be below /tmp.
    let script = "mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp && mount -t tmpfs -o ro none /dev/shm && \
                  exec \"$@\"";
    under(&["unshare", "--mount", "sh", "-c", script, "sh"], "file systems", true);
}

#[test]
fn a_program_needs_no_terminal() {
    for (program, arguments) in programs() {
        let arguments = arguments.iter().map(String::as_str);
        program.under(&["setsid", "--wait"], arguments).within(TIMEOUT).finish().exits_with(0);
    }
}

#[test]
fn the_first_process_of_a_container_is_stopped_by_the_signals_that_stop_others() {
    if getuid() != Uid::from_raw(0) {
        println!("skipped: only the administrator can make a container");
        return;
    }
    for service in [&THREADS, &FORK, &SPAWN, &FORKSERVER, &CURRENT_THREAD] {
        let wrapper = ["unshare", "--pid", "--fork", "--mount-proc"];
        let flags = ["--jobs=5000", "--kind=io", "--scale=0.1", "--time=40", "--format=json"];
        let mut run = service.under(&wrapper, flags).within(TIMEOUT).start();
        if run.line().is_none() {
            println!("skipped: {}", run.finish().stderr);
            return;
        }
        run.wait_for("job_started", |event| event.name() == "job_started");
        let first = proc::children(run.pid());
        kill(first[0].pid, Signal::SIGTERM).expect("it is there");
        let story: Story = run.finish().exits_with(143).story();
        assert!(story.summary.left > 0 && story.summary.lost == 0, "{:?}", story.summary);
    }
}
