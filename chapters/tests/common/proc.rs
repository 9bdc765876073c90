//! Processes as the system sees them, read from `/proc`.

use std::fs;

use nix::unistd::Pid;

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

    /// Whether the process hasn't ended. A zombie isn't alive.
    pub fn is_alive(&self) -> bool {
        Self::find(self.pid).is_some_and(|now| now.started == self.started && !matches!(now.state, 'Z' | 'X'))
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

/// The processes of a group, including zombies.
pub fn group(group: Pid) -> Vec<Process> {
    all().into_iter().filter(|process| process.group == group).collect()
}
