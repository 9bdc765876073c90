//! The processes that a process has started, and those that they have started, as Linux tells them: see proc(5).

use std::collections::BTreeMap;
use std::fs;

use nix::unistd::Pid;

/// A process, and what it is called.
#[derive(Debug)]
pub struct Process {
    pub pid: Pid,
    pub name: String,
    parent: u32,
}

/// All that a process has started and that is not waited for yet, and so on.
pub fn descendants(ancestor: u32) -> Vec<Process> {
    let mut of: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat"));
        // It may have ended since its folder was seen.
        if let Some(process) = stat.ok().as_deref().and_then(parse) {
            of.entry(process.parent).or_default().push(process);
        }
    }
    let mut found = of.remove(&ancestor).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        let children = of.remove(&(process.pid.as_raw() as u32)).unwrap_or_default();
        found.extend(children);
        next += 1;
    }
    found
}

/// Reads a line such as `17 (worker-2) S 5 ...`. A name may have anything in it, so it ends at the last parenthesis.
fn parse(stat: &str) -> Option<Process> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    Some(Process { pid: Pid::from_raw(pid.parse().ok()?), name: name.to_owned(), parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_anything_in_it() {
        let process = parse("17 (a) (b) S 5 17 17 0").expect("a process");
        assert_eq!((process.pid.as_raw(), process.name.as_str(), process.parent), (17, "a) (b", 5));
    }
}
