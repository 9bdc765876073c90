//! Starting processes, by all three methods: a worker's state at its start, its end, and the use of its handle.
//!
//! Each scene runs in a process of its own with one thread, because a process with several threads can't fork.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        mod probe;
        mod scenes;

        use std::process::{Command, ExitCode, Stdio};
        use std::time::{Duration, Instant};
        use std::{env, thread};

        use chapters::processes::start::{Method, child_main};
        use clap::ValueEnum;
        use libtest_mimic::{Arguments, Failed, Trial};

        use probe::Probe;
        use scenes::SCENES;

        /// The argument of a process that plays one scene.
        const PLAY: &str = "play";
        /// How long a scene may take. None takes a hundredth of that, so a longer one hangs.
        const LIMIT: Duration = Duration::from_secs(120);

        /// The number of tests at once. They wait for most of their time.
        const AT_ONCE: usize = 4;

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
                    trials.push(Trial::test(format!("{method}::{name}"), move || play(name, &method)));
                }
            }
            let mut arguments = Arguments::from_args();
            arguments.test_threads.get_or_insert(AT_ONCE);
            libtest_mimic::run(&arguments, trials).exit_code()
        }

        /// Plays a scene in a process of its own.
        fn play(name: &str, method: &str) -> Result<(), Failed> {
            let mut command = Command::new(env::current_exe()?);
            let mut process = command.args([PLAY, name, method]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            let begin = Instant::now();
            while process.try_wait()?.is_none() {
                if begin.elapsed() > LIMIT {
                    process.kill()?;
                    process.wait()?;
                    return Err(format!("not over after {LIMIT:?}").into());
                }
                thread::sleep(Duration::from_millis(2));
            }
            let output = process.wait_with_output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            if output.status.success() { Ok(()) } else { Err(format!("{}: {stderr}", output.status).into()) }
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: only Linux has these start methods");
        }
    }
}
