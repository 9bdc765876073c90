//! Counts the threads of the process, and notices threads that poll or that are blocked. Linux knows all of that; elsewhere,
//! nothing is noticed.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long the threads are watched. A thread that sleeps a millisecond at a time wakes up hundreds of times.
const WATCHED: Duration = Duration::from_millis(300);

/// How often a blocked thread may be scheduled in that time, and for how many nanoseconds. It's hardly ever scheduled at all.
const TIMES: u64 = 20;
const NANOSECONDS: u64 = 20_000_000;

/// The threads of this process, by ID. A thread that's exiting doesn't count: another thread may have joined it already.
fn ids() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    ids.filter(|id| !is_exiting(&format!("/proc/self/task/{id}"))).collect()
}

/// The words of `stat` in a thread's folder, from the thread's state on.
fn stat(folder: &str) -> Vec<String> {
    let stat = fs::read_to_string(format!("{folder}/stat")).unwrap_or_default();
    // The state is the word after the name of the program, which is in parentheses.
    stat.rsplit_once(')').map_or(vec![], |(_, rest)| rest.split_whitespace().map(str::to_owned).collect())
}

/// Whether a thread is exiting, or has exited.
fn is_exiting(folder: &str) -> bool {
    /// `PF_EXITING` of the kernel, which is set before a thread that waits for the end is woken.
    const EXITING: u64 = 4;
    stat(folder).get(6).and_then(|flags| flags.parse::<u64>().ok()).is_none_or(|flags| flags & EXITING != 0)
}

/// How many threads this process has, or 0 if the system doesn't tell.
pub fn count() -> usize {
    ids().len()
}

/// The same when no thread is about to end. Gives up after about five seconds.
pub fn count_settled() -> usize {
    let mut last = count();
    for _ in 0..250 {
        thread::sleep(Duration::from_millis(20));
        let now = count();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

/// How often the calling thread was scheduled.
pub fn mine() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().nth(2).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// For how many nanoseconds the other threads have run, and how often they were scheduled.
fn activity() -> (u64, u64) {
    // The name of the link is `PID/task/TID`.
    let me = fs::read_link("/proc/thread-self").unwrap_or_default();
    let others = ids().into_iter().filter(|id| !me.ends_with(id));
    let stats = others.filter_map(|id| {
        let stat = fs::read_to_string(format!("/proc/self/task/{id}/schedstat")).ok()?;
        let mut numbers = stat.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let (nanoseconds, _waited, times) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((nanoseconds, times))
    });
    stats.fold((0, 0), |sum, stat| (sum.0 + stat.0, sum.1 + stat.1))
}

/// Watches the other threads while they should all be blocked, and reports those that aren't.
///
/// # Errors
///
/// When a thread keeps waking up.
pub fn are_blocked(who: &str) -> Result<(), String> {
    wait_until_others_are_blocked(who, 2 * TIMES, || false)?;
    let before = activity();
    thread::sleep(WATCHED);
    let after = activity();
    let (nanoseconds, times) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    if times > TIMES || nanoseconds > NANOSECONDS {
        return Err(format!("{who} polls instead of waiting: its threads keep waking up, and there's nothing to do."));
    }
    Ok(())
}

/// The time between two looks at a thread.
const PAUSE: Duration = Duration::from_millis(10);

/// At how many looks in a row a thread is found blocked. A thread that waits for a processor isn't blocked, so this
/// works on a busy machine, too.
const LOOKS: usize = 10;

/// How many nanoseconds of processor time a function of an exercise may take that computes next to nothing.
const COMPUTING: u64 = 2_000_000_000;

/// The same for threads that are about to wait.
const WAITING: u64 = 500_000_000;

/// A thread of this process or another one.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its folder in `/proc`.
    folder: String,
}

impl Thread {
    /// The calling thread.
    pub fn current() -> Self {
        // The name of the link is `PID/task/TID`.
        let me = fs::read_link("/proc/thread-self").unwrap_or_default();
        Self { folder: format!("/proc/{}", me.display()) }
    }

    /// The first thread of a process.
    pub fn of_process(process: u32) -> Self {
        Self { folder: format!("/proc/{process}/task/{process}") }
    }

    /// All threads of a process.
    pub fn all_of_process(process: u32) -> Vec<Self> {
        let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        entries.map(|entry| Self { folder: entry.path().display().to_string() }).collect()
    }

    /// The threads of this process, without the calling one.
    pub fn others() -> Vec<Self> {
        let me = Self::current();
        let all = ids().into_iter().map(|id| format!("/proc/{}/task/{id}", std::process::id()));
        all.filter(|folder| *folder != me.folder).map(|folder| Self { folder }).collect()
    }

    /// Whether it's blocked.
    pub fn is_blocked(&self) -> bool {
        stat(&self.folder).first().is_some_and(|state| state == "S")
    }

    /// Whether it's in a system call that does nothing but sleep.
    #[cfg(target_os = "linux")]
    fn sleeps(&self) -> bool {
        let call = fs::read_to_string(format!("{}/syscall", self.folder)).unwrap_or_default();
        let number = call.split_whitespace().next().and_then(|word| word.parse().ok());
        number == Some(nix::libc::SYS_clock_nanosleep)
    }

    #[cfg(not(target_os = "linux"))]
    fn sleeps(&self) -> bool {
        false
    }

    /// For how many nanoseconds it has run, and how often it was scheduled.
    fn activity(&self) -> Option<(u64, u64)> {
        let stat = fs::read_to_string(format!("{}/schedstat", self.folder)).ok()?;
        let mut numbers = stat.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let (nanoseconds, _waited, times) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((nanoseconds, times))
    }

    /// How often it was scheduled.
    pub fn times(&self) -> u64 {
        self.activity().map_or(0, |(_, times)| times)
    }

    /// Waits until the thread is blocked, or until `is_over`. Returns whether it's blocked.
    pub fn wait_until_blocked(&self, mut is_over: impl FnMut() -> bool) -> bool {
        let mut looks = Looks::default();
        loop {
            if is_over() {
                return false;
            }
            if looks.are_blocked(std::slice::from_ref(self)) {
                return true;
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Finds out whether threads are blocked, at several looks.
#[derive(Debug, Default)]
pub struct Looks {
    last: Vec<Option<(u64, u64)>>,
    count: usize,
}

impl Looks {
    /// Looks at the threads, and returns whether they've been blocked at the last looks, and haven't run in between.
    pub fn are_blocked(&mut self, threads: &[Thread]) -> bool {
        if cfg!(not(target_os = "linux")) {
            // The system doesn't say, so a second has to do.
            self.count += 1;
            return self.count > 10 * LOOKS;
        }
        let activities: Vec<_> = threads.iter().map(Thread::activity).collect();
        let are_blocked = threads.iter().all(Thread::is_blocked) && activities == self.last;
        self.count = if are_blocked { self.count + 1 } else { 0 };
        self.last = activities;
        self.count >= LOOKS
    }
}

/// Waits until all other threads of this process are blocked, so that nothing happens anymore, or until `is_over`. Returns
/// whether they're blocked. `who` polls if its threads go on computing instead, or wake up more than `times` times.
///
/// # Errors
///
/// When it polls.
pub fn wait_until_others_are_blocked(who: &str, times: u64, mut is_over: impl FnMut() -> bool) -> Result<bool, String> {
    let (mut looks, before) = (Looks::default(), activity());
    loop {
        if is_over() {
            return Ok(false);
        }
        if looks.are_blocked(&Thread::others()) {
            return Ok(true);
        }
        let now = activity();
        if now.0.saturating_sub(before.0) > WAITING || now.1.saturating_sub(before.1) > times {
            return Err(format!(
                "{who} polls instead of waiting: its threads keep running, and there's nothing to do."
            ));
        }
        thread::sleep(PAUSE);
    }
}

/// Calls a function that computes next to nothing, on a thread of its own.
///
/// # Errors
///
/// When it computes for so long that it will never end.
pub fn ends<T: Send + 'static>(what: &str, function: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (answer, answered) = mpsc::channel();
    let before = activity().0;
    let thread = thread::spawn(move || _ = answer.send(function()));
    loop {
        match answered.recv_timeout(PAUSE) {
            Ok(result) => return Ok(result),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(match thread.join() {
                    Err(_) => format!("{what} panics."),
                    Ok(()) => format!("{what} has no result."),
                });
            }
            Err(mpsc::RecvTimeoutError::Timeout) if activity().0.saturating_sub(before) > COMPUTING => {
                let seconds = COMPUTING / 1_000_000_000;
                return Err(format!("{what} doesn't end: it has computed for {seconds} seconds, and goes on."));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Watches the other threads while nothing can happen to them, and reports those that wake up even so, or that sleep, because
/// nothing can wake a thread that sleeps.
///
/// # Errors
///
/// When a thread polls or sleeps.
pub fn are_asleep(who: &str) -> Result<(), String> {
    // On a busy machine, a thread may still be on its way to where it waits.
    wait_until_others_are_blocked(who, 2 * TIMES, || false)?;
    let others = Thread::others();
    if others.iter().any(Thread::sleeps) {
        return Err(format!("{who} sleeps instead of waiting: nothing can wake a thread that sleeps."));
    }
    let times = || others.iter().map(Thread::times).sum::<u64>();
    let before = times();
    thread::sleep(2 * WATCHED);
    match times().saturating_sub(before) {
        0 => Ok(()),
        _ => Err(format!("{who} polls instead of waiting: it keeps waking up, and there's nothing to do.")),
    }
}
