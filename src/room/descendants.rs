//! The processes that a process has started, directly or not, from `/proc`.

use std::collections::BTreeMap;

use procfs::process::{Stat, all_processes};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process that was alive when `/proc` was read.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its PID.
    pub pid: i32,
    /// Its name, at most 15 bytes long.
    pub name: String,
    /// Whether it has ended and its parent hasn't reaped it yet.
    pub is_zombie: bool,
    parent: i32,
    started: u64,
}

impl From<Stat> for Process {
    fn from(stat: Stat) -> Self {
        let Stat { pid, comm: name, ppid: parent, starttime: started, .. } = stat;
        Self { pid, name, is_zombie: stat.state == 'Z', parent, started }
    }
}

impl Process {
    /// Kills the process. Returns whether it was still there.
    ///
    /// A PID alone might name a later process, so this opens a PIDFD, checks that it belongs to the same process, and signals
    /// that.
    pub fn kill(&self) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        let now = procfs::process::Process::new(self.pid).and_then(|process| process.stat());
        now.is_ok_and(|now| now.starttime == self.started) && pidfd_send_signal(pidfd, Signal::KILL).is_ok()
    }
}

/// All descendants of a process, children before grandchildren. Orphans that `init` has adopted aren't found.
pub fn descendants(ancestor: u32) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    // A process may end while `/proc` is read.
    for process in all_processes().into_iter().flatten().flatten() {
        if let Ok(stat) = process.stat() {
            let process = Process::from(stat);
            children.entry(process.parent).or_default().push(process);
        }
    }
    let mut found = children.remove(&i32::try_from(ancestor).unwrap_or(-1)).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(&process.pid).unwrap_or_default());
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_killed_process_is_not_signaled_again() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat starts");
        let found = descendants(std::process::id()).into_iter().find(|it| it.pid == child.id() as i32);
        let process = found.expect("the child is found");
        assert!(process.kill());
        child.wait().expect("it has ended");
        assert!(!process.kill());
        // A process with the same PID that started later is another one.
        let me = Process { pid: std::process::id() as i32, started: 0, ..process };
        assert!(!me.kill());
    }
}
