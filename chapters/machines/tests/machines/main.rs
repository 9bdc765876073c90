//! Runs `chapter-machines` with real brokers, kills parts of it, and checks that every job is accounted for once.
//!
//! These tests need `nats-server`. Without it they are skipped, with a line on standard error, except where the variable
//! `CI` is set: then they fail. Those with a full disk also need the right to mount a file system, which root usually has.

mod errors;
mod faults;
mod harness;
mod runs;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use harness::Disk;
use libtest_mimic::{Arguments, Trial};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::Uid;

/// The number of runs at once. Most of their time, they wait for an election.
const AT_ONCE: usize = 4;
/// The same for the long test, whose runs have few workers and empty jobs.
const LONG_AT_ONCE: usize = 12;

fn main() -> ExitCode {
    // A shell that starts the tests in the background has SIGINT ignored, and the programs would inherit that.
    for number in [Signal::SIGINT, Signal::SIGHUP] {
        // SAFETY: The handler isn't a function, which could run at an unsuitable moment.
        unsafe { signal(number, SigHandler::SigDfl) }.expect("the signal has a default action");
    }
    let mut arguments = Arguments::from_args();
    let at_once = if arguments.ignored { LONG_AT_ONCE } else { AT_ONCE };
    arguments.test_threads.get_or_insert(at_once);
    let mut trials = vec![
        Trial::test("a_broker_that_is_too_old_is_refused", || Ok(errors::too_old()?)),
        Trial::test("servers_that_are_no_brokers_are_named", || Ok(errors::other_servers()?)),
    ];
    match installed::nats_server() {
        Ok(_) => {
            let tests = runs::TESTS.iter().chain(faults::TESTS).chain(errors::TESTS);
            trials.extend(tests.map(|(name, test)| Trial::test(*name, || Ok(test()?))));
            match Disk::mount(64) {
                Ok(_) => trials.extend(errors::ON_A_DISK.iter().map(|(name, test)| Trial::test(*name, || Ok(test()?)))),
                Err(error) if !arguments.list => {
                    assert!(!(env::var_os("CI").is_some() && Uid::effective().is_root()), "mount: {error}");
                    let _ = writeln!(io::stderr(), "SKIPPED: the tests with a full disk must mount one: {error}");
                }
                Err(_) => {}
            }
            trials.extend(faults::long().map(|(name, test)| Trial::test(name, || Ok(test()?)).with_ignored_flag(true)));
        }
        Err(missing) if !arguments.list => {
            assert!(env::var_os("CI").is_none(), "{missing}");
            let _ = writeln!(io::stderr(), "SKIPPED: {missing}");
        }
        Err(_) => {}
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
