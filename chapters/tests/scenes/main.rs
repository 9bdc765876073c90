//! Scenes in which a worker dies: by a panic in every one of its jobs, in all three models, and by `SIGKILL` at any moment,
//! for processes by all three start methods.
//!
//! The others must find out. The run says which worker died, ends with status 1, hangs in no wait, and leaves no process
//! behind.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[path = "../common/mod.rs"]
        #[allow(dead_code)]
        mod common;
        mod kills;
        mod panics;

        use std::process::ExitCode;

        use libtest_mimic::{Arguments, Trial};

        /// The number of tests at once. They wait for most of their time.
        const AT_ONCE: usize = 6;

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
            let trials: Vec<Trial> = panics::trials().into_iter().chain(kills::trials()).collect();
            let mut arguments = Arguments::from_args();
            arguments.test_threads.get_or_insert(AT_ONCE);
            libtest_mimic::run(&arguments, trials).exit_code()
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: these tests need Linux");
        }
    }
}
