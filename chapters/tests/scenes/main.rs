//! Scenes in which a worker panics, in every one of its jobs and in all three models. `soak` kills workers.
//!
//! The others must find out. The run says which worker died, ends with status 1, hangs in no wait, and leaves no process
//! behind.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[path = "../common/again.rs"]
        mod again;
        mod panics;

        use std::process::ExitCode;

        use libtest_mimic::Arguments;

        /// The number of tests at once. They wait for most of their time.
        const TEST_THREADS: usize = 6;

        fn main() -> ExitCode {
            if let Some(status) = panics::child_main() {
                return status;
            }
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            if arguments.first().is_some_and(|first| first == panics::PLAY) {
                return panics::play_alone(&arguments[1..]);
            }
            // Hundreds of panics are expected. Print only the failed assertions.
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if !panics::is_expected(panic) {
                    report(panic);
                }
            }));
            let mut arguments = Arguments::from_args();
            arguments.test_threads.get_or_insert(TEST_THREADS);
            libtest_mimic::run(&arguments, panics::trials()).exit_code()
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: these tests need Linux");
        }
    }
}
