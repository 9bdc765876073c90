//! The exercises in the order of the chapters, with their hints and the sections that teach them.

use std::fmt;
use std::fs;

use crate::compile::root;

/// The kinds of exercises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Find and fix a fault.
    Fix,
    /// Add a feature to code that works.
    Extend,
    /// Write the whole thing.
    Build,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Fix => "fix",
            Self::Extend => "extend",
            Self::Build => "build",
        })
    }
}

/// What an exercise needs, from the quickest to compile to the slowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Other crates.
    Crates,
    /// The code of the book as well.
    Book,
    /// A client of a broker as well, and the program `nats-server`.
    Broker,
}

/// An exercise.
#[derive(Debug)]
pub struct Exercise {
    /// The name of its file.
    pub name: &'static str,
    /// The name of the page that sets it.
    pub chapter: &'static str,
    /// The heading of the section that teaches what it needs.
    pub section: &'static str,
    /// Its kind.
    pub level: Level,
    /// The libraries and programs that its check uses.
    pub needs: Needs,
    /// The hints, each of which gives away more than the one before.
    pub hints: &'static [&'static str],
}

impl Exercise {
    /// The page that sets it, as a path from the root.
    fn page(&self) -> String {
        format!("book/src/{}.md", self.chapter)
    }

    /// Returns a sentence that names the missing system or program, if this machine can't check the exercise.
    pub fn missing(&self) -> Option<String> {
        let needs_linux = self.chapter == "processes" || self.needs == Needs::Broker;
        if needs_linux && !cfg!(target_os = "linux") {
            return Some("It needs Linux.".to_owned());
        }
        let missing = installed::nats_server().err().filter(|_| self.needs == Needs::Broker)?;
        Some(format!("It needs a broker, but {missing}."))
    }

    /// The title of the chapter.
    pub fn title(&self) -> String {
        let page = fs::read_to_string(root().join(self.page())).unwrap_or_default();
        page.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.chapter).to_owned()
    }

    /// Where the section is that teaches what it needs, in a form that many terminals and editors can open.
    pub fn section_at(&self) -> String {
        let page = fs::read_to_string(root().join(self.page())).unwrap_or_default();
        let is_it = |line: &str| line.starts_with('#') && line.trim_start_matches('#').trim() == self.section;
        let line = page.lines().position(is_it).map(|line| format!(":{}", line + 1)).unwrap_or_default();
        format!("{}{line} ({})", self.page(), self.section)
    }
}

/// The exercise of this name. `no_end.rs` and `chapters/exercises/no_end.rs` are names as well.
pub fn find(name: &str) -> Option<&'static Exercise> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name = name.strip_suffix(".rs").unwrap_or(name);
    EXERCISES.iter().find(|exercise| exercise.name == name)
}

/// All exercises.
pub const EXERCISES: &[Exercise] = &[
    Exercise {
        name: "no_end",
        chapter: "service",
        section: "Stopping the workers",
        level: Level::Fix,
        needs: Needs::Crates,
        hints: &[
            "The iterator over a channel ends when the channel is empty and its last sender has been dropped. Which \
             senders are there?",
            "`sum` owns `jobs` until the end of its block, but it joins the workers before that.",
        ],
    },
    Exercise {
        name: "fair_share",
        chapter: "service",
        section: "The same with coroutines",
        level: Level::Fix,
        needs: Needs::Crates,
        hints: &[
            "Awaiting a future that's ready doesn't pause the coroutine, and as long as the queue has items, `recv` is \
             ready.",
            "tokio has a future that isn't ready the first time it's polled: `tokio::task::yield_now()`.",
        ],
    },
    Exercise {
        name: "no_turn",
        chapter: "gil",
        section: "Threads that compute, and threads that wait",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A thread that waits for a message keeps the lock that the other thread needs to send the message.",
            "`allow_threads` releases the lock while it calls a closure. Which calls may block?",
            "A `SyncSender` waits while its channel is full. If the channel has no room at all, it waits until the message is taken.",
        ],
    },
    Exercise {
        name: "let_in",
        chapter: "gil",
        section: "Why `x += 1` isn't safe",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "`checkpoint` lets another thread acquire the lock, if one has asked for it.",
            "At a checkpoint between the load and the store, the other thread could change `x`.",
        ],
    },
    Exercise {
        name: "there_and_back",
        chapter: "locks",
        section: "Deadlock",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "If all threads lock the accounts in the same order, they can't wait for each other in a circle. What could \
             that order be?",
            "Lock the account with the smaller number first, no matter in which direction the money goes.",
            "What happens if both accounts are the same one?",
        ],
    },
    Exercise {
        name: "lock_both",
        chapter: "locks",
        section: "Deadlock",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "All calls must lock mutexes in the same order, whatever the order of the arguments. The mutexes aren't numbered. What \
             else could give them an order?",
            "A mutex can't move while it's borrowed, so its address is as good as a number. `std::ptr::from_ref` turns \
             a reference into a pointer, and pointers can be compared.",
        ],
    },
    Exercise {
        name: "too_early",
        chapter: "conditions",
        section: "Wait in a loop",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A notification means that the pile may have grown, but not that it's high enough.",
            "Check the height again after each wakeup, and wait again if it's too low. `while` does that, and so does \
             `wait_while`.",
            "One notification may stand for two loads. Which worker knows that there's enough for another one?",
        ],
    },
    Exercise {
        name: "kept_place",
        chapter: "conditions",
        section: "When a thread fails",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "A panic unwinds the stack: it skips the rest of the function, but it drops the local variables.",
            "Write a struct that holds a reference to the kitchen, and implement `Drop` for it.",
            "`drop` has to do both: add the place and notify a waiting cook.",
        ],
    },
    Exercise {
        name: "semaphore",
        chapter: "conditions",
        section: "Semaphores",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "Start with `acquire`. Lock `permits`. If the number isn't 0, subtract 1 and return. If it is 0, the thread has to sleep, but it can't keep the mutex locked while it sleeps, because then no other thread could add a permit. `Condvar::wait` takes the guard, unlocks the mutex, and blocks, all in one atomic step. It returns with the mutex locked again.",
            "When `wait` returns, there may not be a permit. Another thread may have taken it after the notification and before the waiting thread locked the mutex again, or the wakeup may have been spurious. So check the number again, and wait again if it's 0. Keep the mutex locked from each check until you act on its result.",
            "`release` adds 1 with `permits` locked, and then it notifies. It needs to do that every time, even if there was a permit already: that permit may be meant for a thread that was notified but hasn't locked the mutex yet, while another thread is still waiting.",
            "One of the waiting threads may want two permits, and another one a single permit. Which of them does `notify_one` wake?",
        ],
    },
    Exercise {
        name: "oneshot",
        chapter: "conditions",
        section: "One-time events",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "The receiver waits in a loop until the sender is gone. Then it takes the value, if there is one.",
            "`send` takes `self`, so the sender is dropped at its end. Where does the notification have to be, so that it comes in both cases?",
            "A receiver that's dropped can say so in the state, if `Receiver` implements `Drop`. `send` checks that and stores the value in one step.",
        ],
    },
    Exercise {
        name: "latch",
        chapter: "conditions",
        section: "Notify one or all, with or without the lock",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "`wait` locks `left`, and while the count isn't zero, it calls `self.open.wait(left)`, which unlocks the mutex and sleeps in one step.",
            "A thread may wake up although the count isn't zero. So check it again after each wakeup.",
            "Several threads may wait for the same count. Which method of the condition variable wakes all of them?",
        ],
    },
    Exercise {
        name: "read_write",
        chapter: "conditions",
        section: "Wait in a loop",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "A reader waits while `has_writer` is true. A writer waits while it's true or while `readers` isn't zero. Check again after each wakeup.",
            "Readers mustn't keep the mutex while they hold the lock, because then they would exclude each other. The mutex protects only the state.",
            "When a writer leaves, several readers may go on. When the last reader leaves, a writer may. `notify_all` is always right here.",
            "`downgrade` changes both fields while the mutex is locked, so that no writer comes in between. Which threads may go on then?",
        ],
    },
    Exercise {
        name: "overdraft",
        chapter: "atomics",
        section: "A compare-and-swap loop",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "The check and the change must be one step, which fails if the balance has changed in between.",
            "`compare_exchange` stores the new balance only if the old one is still there. If it fails, check again.",
        ],
    },
    Exercise {
        name: "countdown",
        chapter: "atomics",
        section: "A lock from one atomic and `park`",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "An atomic operation returns the previous value, so exactly one thread finds out that it was the last. It calls `unpark`.",
            "`park` may return for no reason, or because of a token from earlier. Check the count again.",
            "What does `fetch_sub` do with a count of 0? The check that it isn't 0 and the subtraction must be one step, as in the \
             exercise `overdraft`.",
        ],
    },
    Exercise {
        name: "once",
        chapter: "atomics",
        section: "Double-checked initialization",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "The check that the state is `New` and the change to `Running` must be one step: keep the mutex locked in between. The thread that made the change runs the function.",
            "A thread that finds the state `Running` has to wait until it isn't. Several threads may wait.",
            "A panic skips the rest of `call_once`, but it drops the local variables. After a panic, the state is `New` again, and the waiting threads have to find out.",
        ],
    },
    Exercise {
        name: "spin",
        chapter: "atomics",
        section: "`Release` and `Acquire`: publishing",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "The check that the lock is free and the change must be one step: `swap(true, ..)` returns the previous value, so exactly one thread sees `false`.",
            "`unlock` publishes what the holder wrote, and `lock` has to see it. Which ordering publishes, and which sees?",
        ],
    },
    Exercise {
        name: "saved_wake",
        chapter: "queues",
        section: "One lock, three conditions",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "Two getters wait, and two items are put before the first getter has run. How many times does `put` notify?",
            "Notify one getter for each item, and one putter for each place that becomes free.",
        ],
    },
    Exercise {
        name: "last_batch",
        chapter: "queues",
        section: "Waiting until the work is done",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "What is in `batch` when the loop ends?",
            "`join` promises that all items have been processed. When has an item been processed?",
        ],
    },
    Exercise {
        name: "no_looking",
        chapter: "queues",
        section: "Shutdown",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A flag can't wake anyone. Which method of the queue wakes the tasks that wait for an item?",
            "After `shutdown(false)`, `get` still returns the items that were put before, and then an error.",
        ],
    },
    Exercise {
        name: "bounded",
        chapter: "queues",
        section: "One lock, three conditions",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "`put` locks `items`, and while there are `capacity` items, it calls `self.not_full.wait(items)`, which unlocks the mutex and sleeps in one step.",
            "After a wakeup, another thread may have been there first. So check again, and keep the mutex locked from the check to the change.",
            "`put` notifies `not_empty`, and `get` notifies `not_full`, each time. If you leave out a notification, a thread may stay asleep.",
        ],
    },
    Exercise {
        name: "ticker",
        chapter: "threads",
        section: "Stopping a thread",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A thread in `thread::sleep` can't be woken. What can wait for an interval and be woken earlier?",
            "`chapters::threads::Event` has `wait_timeout`, which returns whether the event was set.",
            "A type that implements `Drop` can't be taken apart, so `drop` and `stop` take the handle out of an `Option`.",
        ],
    },
    Exercise {
        name: "bad_jobs",
        chapter: "threads",
        section: "When a worker panics",
        level: Level::Extend,
        needs: Needs::Crates,
        hints: &[
            "`std::panic::catch_unwind` calls a closure, and returns an error if the closure panics.",
            "The compiler requires a closure that's unwind safe. Wrap the job itself: `catch_unwind(AssertUnwindSafe(job))`. \
             With that you assert that a panic leaves nothing half-changed that's used afterward.",
        ],
    },
    Exercise {
        name: "same_pool",
        chapter: "threads",
        section: "A pool that waits for itself",
        level: Level::Extend,
        needs: Needs::Crates,
        hints: &[
            "Both threads wait for an answer, and the tasks that would answer are in the queue. Who could perform them?",
            "Wait for two things at once: for the answer, and for another task. `crossbeam::select!` does that.",
        ],
    },
    Exercise {
        name: "pool",
        chapter: "threads",
        section: "A pool",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "The pool needs a channel for the jobs, and its threads. A job can be a `Box<dyn FnOnce() + Send>`: a closure that calls the job and sends the result to its answer.",
            "`catch_unwind(AssertUnwindSafe(job))` returns the payload of a panic, which is a `&str` or a `String`: `downcast_ref` finds out. There may be no thread waiting for the result, so an error from `send` is no reason to panic.",
            "A thread's loop ends when the last sender has been dropped. In `drop`, you can only take a field out of `self` if it's an `Option`, or a `Vec` that you `drain`.",
        ],
    },
    Exercise {
        name: "end_of_pipe",
        chapter: "processes",
        section: "Sending work through a pipe",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A pipe ends when every copy of its writing end has been closed. Which copies are there?",
            "The children's copies are closed when the children exit. The parent has one as well.",
        ],
    },
    Exercise {
        name: "unwaited",
        chapter: "processes",
        section: "Reaping children",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "A process that's killed can't report that it failed. What can be reported instead?",
            "A job may call `exit(0)`, so an exit status of 0 doesn't say that the job was done. Let each child whose job \
             returned true write a byte into the pipe.",
            "`fork::start` returns a `Process`. When the pipe has ended, wait for each of them, which reaps it.",
        ],
    },
    Exercise {
        name: "one_count",
        chapter: "processes",
        section: "Starting workers with `Starter`",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "A worker that's started as a new program has only what `pack` sends to it.",
            "Shared memory is an open file: `self.word.memory()`. The position in it is `self.word.place()`.",
            "`Shared::map` maps the file in `unpack`, and `at` finds the word at a place.",
        ],
    },
    Exercise {
        name: "restart",
        chapter: "processes",
        section: "Reaping children",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "Send the results through a pipe. The parent closes its writing end after the fork, so the pipe ends when the worker does, however it ends.",
            "The number of results that arrived tells you which job was in progress when the worker died. `wait` reaps the worker.",
            "A job may exit with status 0, so the status doesn't say whether the worker has done all jobs. Does the number of results?",
        ],
    },
    Exercise {
        name: "wake_up",
        chapter: "coroutines",
        section: "Wakers",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "Before `poll` returns `Pending`, it has to store its waker where `ring` can find it.",
            "A future may be polled several times, each time with another waker. Only the latest one counts, so each \
             future needs a place of its own, which it gives up when it's dropped.",
            "A waker may poll its future at once. So the state can't be borrowed while a waker is called.",
        ],
    },
    Exercise {
        name: "prompt",
        chapter: "coroutines",
        section: "Blocking the event loop",
        level: Level::Fix,
        needs: Needs::Crates,
        hints: &[
            "tokio has threads for work that blocks: `tokio::task::spawn_blocking` returns a future.",
            "If the job panics, the future's output is a `JoinError`. `into_panic` returns the payload, and \
             `std::panic::resume_unwind` resumes the panic.",
        ],
    },
    Exercise {
        name: "join_two",
        chapter: "coroutines",
        section: "What an `async fn` compiles to",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "`std::pin::pin!` pins a future in a local variable, and `std::future::poll_fn` makes a future from a closure that's called for each poll. The closure gets the context to pass on.",
            "A future mustn't be polled again once it has been ready. So keep its output in an `Option`, and poll it only while that's `None`.",
            "A pinned future can't be moved, but `pin!(Some(future))` can be set to `None`, which drops the future: `Pin::set`. `as_pin_mut` gives access to the future in the option.",
        ],
    },
    Exercise {
        name: "executor",
        chapter: "coroutines",
        section: "Two workers and a small executor",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "A waker knows the number of its task. `wake` puts the number on the queue, and `spawn` does that as well, so that a new task is polled.",
            "`block_on` takes a number from the queue. While the queue is empty, it waits on `more`, and checks again after each wakeup. `wake` notifies `more`.",
            "Take the task out of the list while it's being polled, and unlock the mutex first: a task may spawn others or call its own waker. Put it back only if it's pending. To get the output of `future`, spawn a task that stores it.",
        ],
    },
    Exercise {
        name: "half_a_pair",
        chapter: "sockets",
        section: "Cancel safety",
        level: Level::Extend,
        needs: Needs::Crates,
        hints: &[
            "When a future is dropped, so are its local variables.",
            "Keep the first glove in `self` until the second one is there.",
        ],
    },
    Exercise {
        name: "quiet_client",
        chapter: "sockets",
        section: "Limits",
        level: Level::Extend,
        needs: Needs::Crates,
        hints: &[
            "Which of the two awaits can wait forever?",
            "`timeout` returns an error if the time is up, and `?` turns that error into an `io::Error`.",
            "Put a `timeout` around `next_line`, and another one around `write_all`.",
        ],
    },
    Exercise {
        name: "time_limit",
        chapter: "sockets",
        section: "Canceling a coroutine",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "`std::pin::pin!` pins both futures, and `std::future::poll_fn` makes a future from a closure that's called for each poll and gets the context.",
            "Poll the future first. Only if it's pending, poll the timer. Both leave the waker of the context where it's needed, so there's nothing else to wake.",
        ],
    },
    Exercise {
        name: "rate",
        chapter: "sockets",
        section: "Limits",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "Keep the state in a `tokio::sync::Mutex`, and keep it locked while you wait: its waiters get it in order of arrival. `sleep_until` is cancel safe, and a guard is released when the future is dropped.",
            "You need either the number of permits and the time since which they count, or a single time: the one at which all permits will be back. Change the state only after the wait, so that a caller that's dropped changes nothing.",
        ],
    },
    Exercise {
        name: "in_order",
        chapter: "pools",
        section: "A pool that returns results",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "A scope can start the threads, and an iterator behind a mutex can hand out the items with their places: `items.into_iter().enumerate()`.",
            "Catch the panic of the function with `catch_unwind(AssertUnwindSafe(..))`, empty the iterator, and call `resume_unwind` when all threads have ended.",
        ],
    },
    Exercise {
        name: "first_answer",
        chapter: "pools",
        section: "Every task needs an owner",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "Spawn all requests in a `tokio::task::JoinSet`. `join_next` returns the results in the order in which they arrive.",
            "Dropping the set aborts the tasks, but doesn't wait for them to end. `shutdown` does both.",
            "The error of a task that panicked is a `JoinError`, which has a `to_string`.",
        ],
    },
    Exercise {
        name: "graceful",
        chapter: "pools",
        section: "Graceful shutdown",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "A `JoinSet` in a mutex holds the tasks. `join_next` waits for one of them to end, and its error says whether the task panicked or was canceled.",
            "If the set is in an `Option`, `shut_down` can take it, and `submit` can tell that it's gone. Don't keep the mutex locked over an `.await`.",
            "`timeout` around the loop that drains the set limits it. Afterward, `abort_all` cancels the rest, but it returns before the tasks have ended.",
        ],
    },
    Exercise {
        name: "scope",
        chapter: "pools",
        section: "Every task needs an owner",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "All children can be in one `JoinSet` behind a mutex, in an `Arc` that the clones of the scope share. The body can be a child as well. But beware of a cycle: the set owns the children, and a child that has a clone of the scope owns the set, so the set outlives the scope's future. Hint 3 says what to do.",
            "A child must be able to spawn another one while the scope waits. So lock the set only for each poll: `poll_fn(|context| set.lock().unwrap().poll_join_next(context))`.",
            "Each child that has a clone of the scope keeps the set alive, so dropping the scope's future doesn't drop the set. A guard whose `drop` calls `abort_all` solves that.",
        ],
    },
    Exercise {
        name: "own_threads",
        chapter: "pools",
        section: "Graceful shutdown",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "Begin with the workers: a loop that takes a job from a channel, with `recv_timeout(IDLE_TIMEOUT)`. The chapter on the service shows the book's own loop.",
            "If the sender is dropped, the workers' loops end when the queue is empty. For a stop, they also need a flag, because there may be jobs left. Dropping the sender wakes those that wait.",
            "`run` waits for three things: the stop function, the deadline, and the end of the last worker. `crossbeam::select!` waits for channels, `channel::at` turns a deadline into a channel, and if each worker owns a sender of a channel, that channel is closed when the last worker ends.",
        ],
    },
    Exercise {
        name: "own_coroutines",
        chapter: "pools",
        section: "Graceful shutdown",
        level: Level::Build,
        needs: Needs::Book,
        hints: &[
            "Copy your service with threads. `task::spawn` starts a worker, `timeout` around `recv` limits its wait, and jobs have a `run_async`.",
            "`tokio::select!` waits for the stop, the deadline, and the last worker.",
            "A job that computes never waits, so a worker has to let the others go on: `task::yield_now()`.",
        ],
    },
    Exercise {
        name: "gate",
        chapter: "debugging",
        section: "loom",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A woken thread checks the gate, finds it closed, and waits again. What has to be true before you notify?",
        ],
    },
    Exercise {
        name: "deadlocked",
        chapter: "debugging",
        section: "A detector in the program",
        level: Level::Build,
        needs: Needs::Crates,
        hints: &[
            "From each thread, follow the lock that it waits for to the thread that holds it, and so on.",
            "A path that starts outside a circle may lead into it and never come back. So take at most as many steps as there are threads.",
        ],
    },
    Exercise {
        name: "forecast",
        chapter: "choosing",
        section: "Work that computes and waits",
        level: Level::Fix,
        needs: Needs::Crates,
        hints: &[
            "There are two limits: how much each worker can do, and how much all cores can compute.",
            "A worker does one thing at a time, so its share is computing and waiting together.",
        ],
    },
    Exercise {
        name: "eight_at_a_time",
        chapter: "choosing",
        section: "Many idle workers",
        level: Level::Extend,
        needs: Needs::Crates,
        hints: &[
            "A semaphore would limit the work, but each request would still need a thread of its own.",
            "Start eight threads that take requests from a queue until it's empty.",
            "A panic ends its thread, unless it's caught with `catch_unwind(AssertUnwindSafe(..))`.",
        ],
    },
    Exercise {
        name: "fenced",
        chapter: "machines",
        section: "Leases instead of locks",
        level: Level::Fix,
        needs: Needs::Book,
        hints: &[
            "A holder that has only read relies on what it has read. So a request that reads also has to make older tokens \
             invalid.",
            "Comparing the token and accessing the total must be one step. Keep one mutex locked for both.",
        ],
    },
    Exercise {
        name: "idempotent",
        chapter: "machines",
        section: "At most once, at least once",
        level: Level::Extend,
        needs: Needs::Book,
        hints: &[
            "The check that the number is new and the entry that says so must be one step. What can the entry be as long as \
             there's no result?",
            "A thread that finds a request in progress waits on `ended`, and checks again. But the mutex mustn't be locked \
             while an action is running.",
            "If an action fails, also remove its entry and notify. A waiting thread then performs its own action. A panic skips \
             the rest of `perform`, unless a guard or `catch_unwind` takes care of it.",
        ],
    },
    Exercise {
        name: "payments",
        chapter: "machines",
        section: "At most once, at least once",
        level: Level::Extend,
        needs: Needs::Broker,
        hints: &[
            "A payment is delivered again if its consumer dies before the broker has the acknowledgment, or takes too long. The new \
             consumer can't know that, unless the database says so.",
            "A consumer can be killed between any two transactions. So the number and the new balance must be stored in \
             the same one.",
            "`insert` returns whether the number is new. Acknowledge the payment in both cases, but only after the \
             transaction.",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_on_its_page() {
        for exercise in EXERCISES {
            let at = exercise.section_at();
            assert!(at.contains(".md:"), "{}: there's no such section: {at}", exercise.name);
        }
    }

    #[test]
    fn exercises_are_in_the_order_of_the_pages() {
        let summary = fs::read_to_string(root().join("book/src/SUMMARY.md")).unwrap();
        let chapters = summary.split('(').filter_map(|rest| rest.split_once(".md)")).map(|(chapter, _)| chapter);
        let mut set = vec![];
        for chapter in chapters {
            let page = fs::read_to_string(root().join(format!("book/src/{chapter}.md"))).unwrap();
            let names = page.lines().filter_map(|line| line.strip_prefix("$ cargo run --bin exercises -- run "));
            set.extend(names.map(|name| (chapter.to_owned(), name.to_owned())));
        }
        let listed: Vec<_> = EXERCISES.iter().map(|it| (it.chapter.to_owned(), it.name.to_owned())).collect();
        assert_eq!(listed, set);
    }

    #[test]
    fn every_exercise_has_a_check_and_a_solution() {
        for exercise in EXERCISES {
            for folder in ["", "checks/", "solutions/"] {
                let file = format!("chapters/exercises/{folder}{}.rs", exercise.name);
                assert!(root().join(&file).is_file(), "{file} is missing");
            }
            assert!(!exercise.hints.is_empty(), "{} has no hint", exercise.name);
        }
    }

    #[test]
    fn exercises_are_found_by_their_files() {
        for name in ["no_end", "no_end.rs", "chapters/exercises/no_end.rs"] {
            assert_eq!(find(name).map(|exercise| exercise.name), Some("no_end"));
        }
        assert!(find("no_ending").is_none());
    }
}
