//! The queues of processes, under `SIGKILL` at random moments.
//!
//! Two processes put numbered items, and three get them. The queue is small, so that both sides wait. A *controller*
//! repeatedly kills one of them, or all of one side, and starts replacements. No process may hang. At the end, no item
//! was delivered twice or torn; every item that was put has been delivered, except for those that a killed getter held;
//! `join` returns; and `lost` has counted the tasks that the dead processes had not done.

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        mod controller;
        #[path = "../common/again.rs"]
        mod again;
        #[path = "../common/kill.rs"]
        mod kill;
        mod ledger;
        mod worker;

        use std::process::ExitCode;

        use chapters::processes::start::Method;

        use controller::Kind;

        /// The number of tests at once. They wait for most of their time.
        const TEST_THREADS: usize = 4;

        fn main() -> ExitCode {
            let kills = [(Method::Fork, 100, 600), (Method::Spawn, 20, 150), (Method::Forkserver, 40, 300)];
            kill::main(&[Kind::Queue, Kind::SimpleQueue], kills, Vec::new(), Some(TEST_THREADS))
        }
    } else {
        fn main() {
            eprintln!("SKIPPED: only Linux has these processes");
        }
    }
}
