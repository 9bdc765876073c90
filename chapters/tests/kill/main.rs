//! The primitives and the queues of processes, under `SIGKILL` at random moments.
//!
//! A *scene* is a primitive or a queue that a few worker processes use in a tight loop. Each test starts this program
//! once more as a *controller*: a process with one thread, so that it may fork. The controller repeatedly kills one of
//! the workers, or stops it first, or kills all but one, and starts replacements. The tests check that no process hangs,
//! and that each scene's invariants hold. They count the work that was lost.
//!
//! A test prints the seed of the controller's random choices. The scheduling of the workers, and the exact point of each
//! kill, can't be repeated.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[path = "../common/again.rs"]
        mod again;
        mod board;
        mod controller;
        mod copies;
        mod scenes;

        use std::process::ExitCode;
        use std::time::Duration;

        use chapters::processes::start::{Method, child_main};
        use clap::ValueEnum;
        use libtest_mimic::{Arguments, Failed, Trial};
        use nix::sys::prctl;
        use nix::sys::signal::Signal;

        use again::run_again;
        use controller::{Worker, control};
        use scenes::Kind;

        /// The first argument of a controller.
        const CONTROL: &str = "control";
        /// The argument that starts this program as a process with one thread that copies its guards.
        const COPY: &str = "copy";
        /// The time limit of a run, for a controller that hangs itself.
        const TIMEOUT: Duration = Duration::from_secs(900);
        /// The number of tests at once. They wait for most of their time.
        const TEST_THREADS: usize = 4;

        fn main() -> ExitCode {
            if let Some(status) = child_main::<Worker>() {
                return status;
            }
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [COPY] => {
                    end_with_the_test();
                    copies::do_nothing();
                }
                [CONTROL, kind, method, kills] => {
                    end_with_the_test();
                    let kind = Kind::from_str(kind, false).expect("a scene");
                    let method = Method::from_str(method, false).expect("a method");
                    println!("{kind:?} by {method:?}: {}", control(kind, method, kills.parse().expect("a number")));
                }
                _ => {
                    let mut arguments = Arguments::from_args();
                    arguments.test_threads.get_or_insert(TEST_THREADS);
                    return libtest_mimic::run(&arguments, trials()).exit_code();
                }
            }
            ExitCode::SUCCESS
        }

        fn trials() -> Vec<Trial> {
            let mut trials =
                vec![Trial::test("the copies of guards in a forked child do nothing", || run(&[COPY]))];
            for kind in Kind::value_variants() {
                for (method, few, many) in kind.kills() {
                    for (kills, words, long) in [(few, "at any moment", false), (many, "again and again", true)] {
                        let (kind, method) = (name(kind), name(&method));
                        let test = format!("{kind}::{method}::survives kills {words}");
                        let trial = Trial::test(test, move || run(&[CONTROL, &kind, &method, &kills.to_string()]));
                        trials.push(trial.with_ignored_flag(long));
                    }
                }
            }
            trials
        }

        fn name(value: &impl ValueEnum) -> String {
            value.to_possible_value().expect("none is hidden").get_name().to_owned()
        }

        /// Runs this program with arguments, and prints its report.
        fn run(arguments: &[&str]) -> Result<(), Failed> {
            print!("{}", run_again(arguments, TIMEOUT, |_| {})?);
            Ok(())
        }

        /// Makes the system kill this process when the test that started it has ended.
        fn end_with_the_test() {
            prctl::set_pdeathsig(Signal::SIGKILL).expect("the system can tell when the test is gone");
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: only Linux has these processes");
        }
    }
}
