//! The primitives of processes, under `SIGKILL` at random moments.
//!
//! A *scene* is a primitive that a few worker processes use in a tight loop. A *controller* repeatedly kills one of
//! them, or stops it first, or kills all but one, and starts replacements. The tests check that no process hangs, that
//! each scene's invariants hold, and that the next process to acquire a lock, and only that one, learns that its holder
//! died. They count the work that was lost.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[path = "../common/again.rs"]
        mod again;
        mod board;
        mod controller;
        mod copies;
        #[path = "../common/kill.rs"]
        mod kill;
        mod scenes;

        use std::process::ExitCode;

        use chapters::processes::start::Method;
        use libtest_mimic::Trial;

        use scenes::Kind;

        /// The argument that starts this program as a process with one thread that copies its guards.
        const COPY: &str = "copy";

        fn main() -> ExitCode {
            if std::env::args().skip(1).eq([COPY]) {
                copies::do_nothing();
                return ExitCode::SUCCESS;
            }
            let copies = Trial::test("the copies of guards in a forked child do nothing", || kill::run_this_program(&[COPY]));
            let kills = [(Method::Fork, 20, 400), (Method::Spawn, 4, 80), (Method::Forkserver, 6, 120)];
            kill::main(&Kind::ALL, kills, vec![copies], None)
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: only Linux has these processes");
        }
    }
}
