//! The programs of the scheduler lab: each one with a fault, and a version without it.
//!
//! A program is ordinary Rust. Only its `use` lines differ from those of a program that uses the standard library. They
//! are a package of their own because it's always compiled without optimization, so that the recorded schedules don't
//! depend on the profile: see `Cargo.toml` in the root of the workspace. It also compiles quickly when a reader changes
//! `mine.rs`.
//!
//! To add a program, write `NAME.rs` and `NAME_fixed.rs`, each with a function `main`, and add them to the list below
//! and to the table in `book/src/commands.md`. A program that a page asks about has one version, a `?` before its name,
//! and no goal of its own. Then record the schedules for the pages:
//!
//! ```console
//! $ cargo run --bin chapter-scheduler -- --write=book/schedules
//! ```
//!
//! A recording also becomes stale when the code of the book that a program steps through changes. A test notices that.

#[doc(hidden)]
pub use book_coroutines as coroutines;
#[doc(hidden)]
pub use chapters;
use chapters::scheduler::{Ending, Options, Program, Source};

#[allow(dead_code, missing_docs, reason = "it's the book's code, of which the programs use a part")]
#[path = "../src/errors.rs"]
mod errors;
#[allow(dead_code, missing_docs, reason = "it's the book's code, of which the programs use a part")]
#[path = "../src/storage.rs"]
mod storage;
#[allow(dead_code, reason = "the book's code uses a part of it")]
mod sync;
#[allow(dead_code, missing_docs, reason = "the programs use a part of it")]
pub mod threads;

/// Declares the modules of the programs and the list of all programs.
macro_rules! programs {
    ($(
        $name:ident $(/ $fixed:ident $(: [$($its_source:ident),*])?)? $(= $same:ident)? $([$($source:ident),*])?,
        $options:expr, $title:literal, $goal:literal, $reaches:expr;
    )* $(
        ? $question:ident $([$($question_source:ident),*])?, $its_options:expr, $its_title:literal;
    )*) => {
        $(#[allow(missing_docs, reason = "the pages explain the programs")] pub mod $name;)*
        $($(#[allow(missing_docs, reason = "the pages explain the programs")] pub mod $fixed;)?)*
        $(#[allow(missing_docs, reason = "the pages explain the programs")] pub mod $question;)*

        /// The programs. Each program with a fault is followed by the version without it. The last ones are those of the
        /// questions.
        pub const ALL: &[Program] = &[$(
            Program {
                name: stringify!($name),
                title: $title,
                goal: $goal,
                question: false,
                reaches: $reaches,
                run: $name::main,
                options: $options,
                sources: &[source!($name), $($($source),*)?],
                fixed: programs!(@name $($fixed)? $($same)?),
            },
            $(Program {
                name: stringify!($fixed),
                title: concat!($title, ", fixed"),
                goal: $goal,
                question: false,
                reaches: $reaches,
                run: $fixed::main,
                options: $options,
                sources: &[source!($fixed), $($($its_source),*)?],
                fixed: None,
            },)?
        )* $(
            Program {
                name: stringify!($question),
                title: $its_title,
                goal: "Find every way in which the program can end.",
                question: true,
                reaches: |_| false,
                run: $question::main,
                options: $its_options,
                sources: &[source!($question), $($($question_source),*)?],
                fixed: None,
            },
        )*];
    };
    (@name) => { None };
    (@name $fixed:ident) => { Some(stringify!($fixed)) };
}

macro_rules! source {
    ($name:ident) => {
        Source {
            path: concat!("programs/", stringify!($name), ".rs"),
            text: include_str!(concat!(stringify!($name), ".rs")),
        }
    };
}

macro_rules! book {
    ($($name:ident = $folder:literal $file:literal;)*) => {
        $(const $name: Source = Source {
            path: concat!($folder, $file),
            text: include_str!(concat!("../", $folder, $file)),
        };)*
    };
}

book! {
    LOCK = "src/threads/" "lock.rs";
    CONDITION = "src/threads/" "condition.rs";
    QUEUE = "src/threads/" "queue.rs";
    BROKEN = "tests/loom_threads/" "broken.rs";
    CO_LOCK = "src/coroutines/" "lock.rs";
    CO_CONDITION = "src/coroutines/" "condition.rs";
    CO_QUEUE = "src/coroutines/" "queue.rs";
    CO_EVENT = "src/coroutines/" "event.rs";
    CO_SEMAPHORE = "src/coroutines/" "semaphore.rs";
    CO_BARRIER = "src/coroutines/" "barrier.rs";
    CO_BROKEN = "programs/coroutines/" "broken.rs";
}

programs! {
    lost_update / lost_update_fixed, Options::DEFAULT,
        "Two threads add to a total",
        "Lose an update: make the program print total = 1.",
        |ending| ending.prints("total = 1");
    check_then_act / check_then_act_fixed, Options::DEFAULT,
        "Two withdrawals from one account",
        "Overdraw the account: make the program print balance = -40.",
        |ending| ending.prints("balance = -40");
    two_locks / two_locks_fixed, Options::DEFAULT,
        "Two locks in opposite order",
        "Reach a deadlock.",
        Ending::is_deadlock;
    try_lock_livelock / try_lock_livelock_fixed, Options::DEFAULT,
        "Two threads that keep getting in each other's way",
        "Let both threads fail three times, although neither of them ever waits for long.",
        |ending| ending.prints("A: false, B: false");
    unlock_too_early / unlock_too_early_fixed, Options::DEFAULT,
        "Unlocking too early",
        "Sell seat 1A twice.",
        |ending| ending.prints("sold 1A and 1A");
    if_not_while / if_not_while_fixed, Options::DEFAULT,
        "Checking only once after a wakeup",
        "Make a worker panic because there is no job.",
        Ending::is_panic;
    lost_wakeup / lost_wakeup_fixed, Options::DEFAULT,
        "Unlocking between the check and the wait",
        "Lose the wakeup: make A wait forever.",
        Ending::is_deadlock;
    notify_without_lock / notify_without_lock_fixed, Options::DEFAULT,
        "Changing the condition without the lock",
        "Lose the wakeup: make A wait forever.",
        Ending::is_deadlock;
    short_barrier / short_barrier_fixed, Options::DEFAULT,
        "A barrier that is one thread short",
        "Leave A alone at the barrier.",
        Ending::is_deadlock;
    forgotten_semaphore / forgotten_semaphore_fixed, Options::DEFAULT,
        "A semaphore used as a lock, and a forgotten permit",
        "Make A wait for a permit that is never released.",
        Ending::is_deadlock;
    circular_queues / circular_queues_fixed, Options::DEFAULT,
        "Two bounded queues in a circle",
        "Reach a deadlock.",
        Ending::is_deadlock;
    nested_pool / nested_pool_fixed, Options::DEFAULT,
        "A pool that waits for itself",
        "Reach a deadlock: make both workers wait for inner jobs.",
        Ending::is_deadlock;
    philosophers / philosophers_fixed, Options::DEFAULT,
        "Three dining philosophers",
        "Let all philosophers starve: reach a deadlock.",
        Ending::is_deadlock;
    lazy_init / lazy_init_fixed, Options::WEAK,
        "Double-checked initialization",
        "Let a thread see a price of 0.",
        |ending| ending.output.iter().any(|line| line.split(' ').any(|price| price == "0"));
    message_passing / message_passing_fixed, Options::WEAK,
        "Data and a flag that says that they're ready",
        "Let the reader see the flag but not the data: make the program print data = 0.",
        |ending| ending.prints("data = 0");
    store_buffering / store_buffering_fixed, Options::WEAK,
        "Two stores, then two loads",
        "Let neither thread see the store of the other one.",
        |ending| ending.prints("A sees 0, B sees 0");
    spin_lock / spin_lock_fixed, Options::WEAK,
        "A spin lock with the wrong memory ordering",
        "Lose an update although the lock is held: make the program print total = 1.",
        |ending| ending.prints("total = 1");
    gil_no_switching / gil_no_switching_fixed, Options::DEFAULT,
        "The GIL without forced switching",
        "Let A run twice although B has asked for the GIL.",
        |ending| ending.output.starts_with(&["A runs".to_owned(), "A runs again".to_owned()]);
    one_condition / one_condition_fixed, Options::DEFAULT,
        "One condition for two kinds of threads",
        "Reach a deadlock: wake the wrong thread.",
        Ending::is_deadlock;
    forgotten_sender / forgotten_sender_fixed, Options::DEFAULT,
        "A channel with a forgotten sender",
        "Make the program wait forever for another message.",
        Ending::is_deadlock;
    select_loses_job / select_loses_job_fixed, Options::DEFAULT,
        "A job lost between two awaits",
        "Lose the job: make the program end without doing it.",
        |ending| !ending.is_failure() && !ending.output.iter().any(|line| line.contains("did"));
    futurelock / futurelock_fixed, Options::DEFAULT,
        "A future that holds a place in the queue and isn't polled",
        "Reach a deadlock although A has released the mutex.",
        Ending::is_deadlock;
    canceled_owner / canceled_owner_fixed: [CO_LOCK] [CO_BROKEN], Options::DEFAULT,
        "A lock handed to a task that has been canceled",
        "Make B wait forever for a lock that no task holds.",
        Ending::is_deadlock;
    canceled_consumer / canceled_consumer_fixed: [CO_QUEUE, CO_CONDITION] [CO_QUEUE, CO_CONDITION, CO_BROKEN], Options::DEFAULT,
        "A notification for a consumer that has been canceled",
        "Make B wait forever although there is an item in the queue.",
        Ending::is_deadlock;
    cleared_event / cleared_event_fixed [CO_EVENT, CO_CONDITION], Options::DEFAULT,
        "An event that is cleared before the task it has woken is polled",
        "Make A wait forever for an event that was set while A was waiting.",
        Ending::is_deadlock;
    unfair_semaphore / unfair_semaphore_fixed: [CO_SEMAPHORE, CO_CONDITION, CO_LOCK] [CO_SEMAPHORE, CO_CONDITION, CO_LOCK, CO_BROKEN], Options::DEFAULT,
        "A semaphore that doesn't keep its tasks in order",
        "Let A cook its second dish while B is waiting for a place.",
        |ending| ending.output == ["A cooks dish 1", "B waits for a place", "A cooks dish 2", "B cooks"];
    canceled_party / canceled_party_fixed: [CO_BARRIER, CO_CONDITION] [CO_BARRIER, CO_CONDITION, CO_BROKEN], Options::DEFAULT,
        "A barrier that counts a task that has been canceled",
        "Let A pass the barrier before B has arrived. B then waits forever.",
        Ending::is_deadlock;
    audit / audit_fixed, Options::DEFAULT,
        "A total that is read from two accounts",
        "Make the auditor see a wrong total: make the program print total = 210.",
        |ending| ending.prints("total = 210");
    late_ack / late_ack_fixed, Options::DEFAULT,
        "An acknowledgment that comes too late",
        "Complete one job twice: make the program print completed 2.",
        |ending| ending.prints("completed 2");
    lease / lease_fixed, Options::DEFAULT,
        "A lease that expires while its holder is paused",
        "Let A overwrite what B has added: make the program print total = 10.",
        |ending| ending.prints("total = 10");
    book_lock [LOCK], Options::DEFAULT,
        "The book's own Lock",
        "Reach a deadlock: make a thread sleep although the lock is free.",
        Ending::is_failure;
    book_lock_no_park = book_lock [LOCK, BROKEN], Options::DEFAULT,
        "The book's own Lock, notifying without locking park",
        "Reach a deadlock: make a thread sleep although the lock is free.",
        Ending::is_failure;
    book_condition [CONDITION, LOCK], Options::DEFAULT,
        "The book's own Condition",
        "Lose the wakeup: make A wait forever.",
        Ending::is_failure;
    book_queue [QUEUE, CONDITION, LOCK], Options::DEFAULT,
        "The book's own Queue",
        "Reach a deadlock or lose the item.",
        Ending::is_failure;
    mine, Options { weak_memory: mine::WEAK_MEMORY, ..Options::DEFAULT },
        "Your own program: chapters/programs/mine.rs",
        "Reach a deadlock or a panic.",
        Ending::is_failure;
    ? two_lines, Options::DEFAULT, "Two threads that print";
    ? two_steps, Options::DEFAULT, "Two threads that add in two steps";
    ? two_payments, Options::DEFAULT, "Two payments, with a lock for each step";
    ? two_parties, Options::DEFAULT, "Two threads at a barrier";
    ? progress, Options::WEAK, "A reader that looks twice";
    ? passed_on, Options::WEAK, "A message that is passed on";
    ? passed_on_acquire, Options::WEAK, "A message that is passed on, with acquire";
    ? look_outside, Options::DEFAULT, "A check and a wait";
    ? last_call [QUEUE, CONDITION, LOCK], Options::DEFAULT, "A job that arrives during the shutdown";
    ? log_order, Options::DEFAULT, "Two threads that log";
    ? savings_first, Options::DEFAULT, "Reading the savings account first";
    ? who_was_last, Options::DEFAULT, "The last two jobs";
    ? stop_request, Options::DEFAULT, "A request to stop";
    ? join_with_the_lock, Options::DEFAULT, "Joining a thread with the lock held";
}
