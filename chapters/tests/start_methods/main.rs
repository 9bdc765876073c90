//! Starting processes, by all three methods: a worker's state at its start, its end, and the use of its handle.
//!
//! Each scene runs in a process of its own with one thread, because a process with several threads can't fork.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[path = "../common/again.rs"]
        mod again;
        mod probe;
        mod scenes;

        use std::env;
        use std::process::ExitCode;
        use std::time::Duration;

        use chapters::processes::start::{Method, child_main};
        use clap::ValueEnum;
        use libtest_mimic::{Arguments, Trial};

        use again::run_again;
        use probe::Probe;
        use scenes::SCENES;

        /// The argument of a process that plays one scene.
        const PLAY: &str = "play";
        /// How long a scene may take. None takes a hundredth of that, so a longer one hangs.
        const TIMEOUT: Duration = Duration::from_secs(120);

        /// The number of tests at once. They wait for most of their time.
        const TEST_THREADS: usize = 4;

        fn main() -> ExitCode {
            if let Some(code) = child_main::<Probe>() {
                return code;
            }
            let arguments: Vec<String> = env::args().skip(1).collect();
            if let [play, name, method] = &arguments[..]
                && play == PLAY
            {
                let (_, scene) = SCENES.iter().find(|(known, _)| known == name).expect("a scene");
                scene(Method::from_str(method, false).expect("a method"));
                return ExitCode::SUCCESS;
            }
            let mut trials = Vec::new();
            for method in [Method::Fork, Method::Spawn, Method::Forkserver] {
                for (name, _) in SCENES {
                    let method = method.to_possible_value().expect("no method is hidden").get_name().to_owned();
                    let test = format!("{method}::{name}");
                    let play = move || run_again(&[PLAY, name, &method], TIMEOUT, |_| {}).map(drop);
                    trials.push(Trial::test(test, play));
                }
            }
            let mut arguments = Arguments::from_args();
            arguments.test_threads.get_or_insert(TEST_THREADS);
            libtest_mimic::run(&arguments, trials).exit_code()
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: only Linux has these start methods");
        }
    }
}
