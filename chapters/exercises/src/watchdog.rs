//! Notices when a check will never end, and says what its threads are doing.
//!
//! A check is over when all its threads and child processes have been asleep for a while, because a thread that waits
//! for another one is woken within microseconds if it's woken at all. Threads that alternate between sleeping and
//! polling are watched for longer. A check that's computing has far more time, because the machine may be slow or busy.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::time::{Duration, Instant};

/// How long all threads may sleep. The sleeps of the checks are shorter.
const ASLEEP: Duration = Duration::from_secs(3);

/// How long threads may sleep most of the time. A thread that waits for a processor doesn't sleep.
const POLLING: Duration = Duration::from_secs(12);

/// How much processor time a check may take, in hundredths of a second. Most take less than a second.
const MOST: u64 = 3_000;

/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// Of how many looks one may see a running thread, although all threads wait: some waits wake up to look themselves.
const RARELY: usize = 10;

/// Watches the process of a check.
pub struct Watchdog {
    process: u32,
    /// The looks of the last seconds: when they were, and whether a thread was running.
    looks: VecDeque<(Instant, bool)>,
    tasks: BTreeMap<u32, Task>,
}

/// A thread of the process, or one of a process that it started.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Task {
    is_child: bool,
    is_running: bool,
    /// Whether it has exited, and wasn't waited for.
    is_zombie: bool,
    /// The processor time that it has used, in hundredths of a second.
    used: u64,
}

impl Watchdog {
    /// Begins to watch a process that leads its process group.
    pub fn new(process: u32) -> Self {
        Self { process, looks: VecDeque::new(), tasks: BTreeMap::new() }
    }

    /// Looks at the process, if it's time to. Says why the check will never end, if it won't.
    pub fn look(&mut self) -> Option<String> {
        let now = Instant::now();
        if self.looks.back().is_some_and(|(last, _)| now - *last < PAUSE) {
            return None;
        }
        let tasks = tasks(self.process);
        if !tasks.keys().eq(self.tasks.keys()) {
            self.looks.clear();
        }
        self.tasks = tasks;
        self.looks.push_back((now, self.tasks.values().any(|task| task.is_running)));
        while self.looks.get(1).is_some_and(|(second, _)| now - *second > POLLING) {
            self.looks.pop_front();
        }
        let asleep = self.sleeps(ASLEEP, RARELY) || self.sleeps(POLLING, 2);
        let used: u64 = self.tasks.values().map(|task| task.used).sum();
        (asleep || used > MOST).then(|| describe(&self.tasks, asleep))
    }

    /// Whether fewer than one of `of` looks saw a running thread in the last `time`.
    fn sleeps(&self, time: Duration, of: usize) -> bool {
        let Some((now, _)) = self.looks.back() else { return false };
        let watched = self.looks.front().is_some_and(|(first, _)| *now - *first > time);
        let looks = || self.looks.iter().filter(|(at, _)| *now - *at <= time);
        let running = looks().filter(|(_, running)| *running).count();
        watched && running * of < looks().count() && !self.tasks.is_empty()
    }

    /// Whether the process has left others.
    pub fn has_children(&self) -> bool {
        family(self.process).len() > 1
    }
}

/// The words of `/proc/ID/stat` after the name of the program: first the state.
fn stat(folder: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{folder}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// The threads of a process and of its process group, by their IDs.
fn tasks(leader: u32) -> BTreeMap<u32, Task> {
    let mut tasks = BTreeMap::new();
    for process in family(leader) {
        for entry in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|id| id.parse::<u32>().ok()) else { continue };
            let Some(words) = stat(&format!("{process}/task/{id}")) else { continue };
            let state = words.first().map_or("", String::as_str);
            let (is_running, is_zombie) = (!matches!(state, "S" | "Z"), state == "Z");
            let number = |place: usize| words.get(place).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
            let used = number(11) + number(12);
            tasks.insert(id, Task { is_child: process != leader, is_running, is_zombie, used });
        }
    }
    tasks
}

/// A process and the others in its process group.
fn family(leader: u32) -> Vec<u32> {
    let mut family = vec![leader];
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|id| id.parse::<u32>().ok()) else { continue };
        let group = stat(&id.to_string()).and_then(|words| words.get(2)?.parse::<u32>().ok());
        if id != leader && group == Some(leader) {
            family.push(id);
        }
    }
    family
}

/// Says why a check doesn't end.
fn describe(tasks: &BTreeMap<u32, Task>, asleep: bool) -> String {
    let count =
        |which: fn(&Task) -> bool, one: &str, many: &str| match tasks.values().filter(|task| which(task)).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
    let threads = count(|task| !task.is_child, "thread", "threads");
    let children = count(|task| task.is_child && !task.is_zombie, "child process", "child processes");
    let zombies = count(|task| task.is_zombie, "child process has exited", "child processes have exited");
    let living = tasks.values().filter(|task| !task.is_zombie).count();
    let who = threads.into_iter().chain(children).collect::<Vec<_>>().join(" and ");
    let mut said = match asleep {
        true if living == 1 => "It doesn't end: its only thread is blocked.".to_owned(),
        true => format!("It doesn't end: {who} are blocked, and no other thread is left that could wake them."),
        false => format!(
            "It hasn't ended after {} seconds of processor time: {who}, and not all of them are blocked. Something polls, or \
             never stops computing.",
            MOST / 100
        ),
    };
    if let Some(zombies) = zombies {
        said += &format!(" {zombies}.");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_are_counted() {
        let task = |is_child| Task { is_child, is_running: false, is_zombie: false, used: 0 };
        let tasks = BTreeMap::from([(1, task(false)), (2, task(false)), (3, task(true))]);
        let said = describe(&tasks, true);
        assert!(said.contains("2 threads and 1 child process are blocked"), "{said}");
        let zombie = Task { is_zombie: true, ..task(true) };
        let said = describe(&BTreeMap::from([(1, task(false)), (2, zombie), (3, zombie)]), true);
        assert_eq!(said, "It doesn't end: its only thread is blocked. 2 child processes have exited.");
    }
}
