//! Processes as the system sees them, read from `/proc`.

use std::fs;

use nix::unistd::Pid;
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: Pid,
    pub parent: Pid,
    pub group: Pid,
    /// `R` running, `S` sleeping, `Z` ended but not yet waited for, and so on.
    pub state: char,
    pub name: String,
    /// When the process started, in clock ticks. Distinguishes it from a later process with the same PID.
    started: u64,
}

impl Process {
    /// The process with this PID, if it exists.
    pub fn find(pid: Pid) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (start, rest) = stat.rsplit_once(')')?;
        let (_, name) = start.split_once('(')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| Some(Pid::from_raw(fields.get(index)?.parse().ok()?));
        Some(Self {
            pid,
            parent: number(1)?,
            group: number(2)?,
            state: fields.first()?.chars().next()?,
            name: name.to_owned(),
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// Orders processes by the time of their start, and those of one moment by their PIDs.
    pub fn age_rank(&self) -> (u64, i32) {
        (self.started, self.pid.as_raw())
    }

    /// Whether the process hasn't ended. A zombie isn't alive.
    pub fn is_alive(&self) -> bool {
        Self::find(self.pid).is_some_and(|now| now.started == self.started && !matches!(now.state, 'Z' | 'X'))
    }

    /// Sends SIGKILL to the process, unless it has ended. Returns whether it was sent.
    pub fn kill(&self) -> bool {
        let pid = rustix::process::Pid::from_raw(self.pid.as_raw()).expect("no process has the PID 0");
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        // If the process has the PID now, the pidfd is its own, and the signal can't reach a later process.
        self.is_alive() && pidfd_send_signal(&pidfd, Signal::KILL).is_ok()
    }
}

/// All processes.
pub fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").expect("this system has /proc");
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(|number| Process::find(Pid::from_raw(number))).collect()
}

/// The children of `parent`.
pub fn children(parent: Pid) -> Vec<Process> {
    all().into_iter().filter(|process| process.parent == parent).collect()
}

/// The children of `root`, and theirs, and so on.
pub fn tree(root: Pid) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        let children = all.iter().filter(|process| process.parent == parent);
        parents.extend(children.clone().map(|child| child.pid));
        found.extend(children.cloned());
    }
    found
}

/// The children of `root`, and theirs, and so on, without a look at other processes. One may be missing if another has just
/// ended.
pub fn descendants(root: Pid) -> Vec<Process> {
    let tasks = fs::read_dir(format!("/proc/{root}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let mut found: Vec<Process> = Vec::new();
    for pid in children.collect::<String>().split_whitespace().filter_map(|pid| pid.parse().ok()) {
        let pid = Pid::from_raw(pid);
        found.extend(Process::find(pid));
        found.extend(descendants(pid));
    }
    found
}

/// The processes of a group, including zombies.
pub fn group(group: Pid) -> Vec<Process> {
    all().into_iter().filter(|process| process.group == group).collect()
}
