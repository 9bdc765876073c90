//! The memory that a process takes, with that of its child processes and the kernel's part.
//!
//! The resident set size (RSS), which most tools show, counts a page that several processes share once for each of them,
//! and leaves out what the kernel keeps for a process. This module adds up four parts:
//!
//! | part | where Linux reports it |
//! | --- | --- |
//! | pages of the program, a shared one divided by the number of processes that share it (PSS) | `Pss` in `/proc/PID/smaps_rollup` |
//! | page tables | `VmPTE` in `/proc/PID/status` |
//! | kernel stacks, one for each thread | `Threads` in `/proc/PID/status`, times 16 KiB |
//! | other data of the kernel, such as the `task_struct` of each thread (slab) | `SUnreclaim` in `/proc/meminfo` |
//!
//! The kernel doesn't say to which process its slab belongs, so only the difference between two moments means
//! something, and only if no other program starts or stops many threads or processes between them. The other parts
//! contain nothing of other programs. The page cache isn't in any of the parts, unless a process has mapped it.
//!
//! Sources: proc_pid_smaps(5), proc_pid_status(5) and proc_meminfo(5).

use std::io;
use std::ops::Sub;

/// The size of a kernel stack, in bytes: `THREAD_SIZE` of x86-64, and of AArch64 with pages of 4 KiB.
#[cfg(target_os = "linux")]
const KERNEL_STACK: u64 = 16 << 10;

/// The memory of one or several processes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The proportional set size.
    pub pss: i64,
    /// The page tables.
    pub page_tables: i64,
    /// The kernel stacks.
    pub kernel_stacks: i64,
    /// The kernel's slab that it can't reclaim, of the whole machine. A difference is negative if other programs have freed
    /// more than these have used.
    pub slab: i64,
}

impl Memory {
    /// All parts together.
    pub fn total(&self) -> i64 {
        self.pss + self.page_tables + self.kernel_stacks + self.slab
    }

    /// The memory of this process, without its child processes.
    ///
    /// # Errors
    ///
    /// If the system doesn't report it, as systems other than Linux don't.
    pub fn of_this_process() -> io::Result<Self> {
        of(&[std::process::id()])
    }

    /// The memory of a process and all its descendants.
    ///
    /// # Errors
    ///
    /// If the process has ended, or if the system doesn't report its memory.
    pub fn of_family(process: u32) -> io::Result<Self> {
        of(&family(process)?)
    }

    /// The slab of the machine, and nothing else: what to subtract from the memory of processes that start afterwards.
    ///
    /// # Errors
    ///
    /// If the system doesn't report it.
    pub fn of_no_process() -> io::Result<Self> {
        of(&[])
    }
}

/// The difference from an earlier measurement.
impl Sub for Memory {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            pss: self.pss - earlier.pss,
            page_tables: self.page_tables - earlier.page_tables,
            kernel_stacks: self.kernel_stacks - earlier.kernel_stacks,
            slab: self.slab - earlier.slab,
        }
    }
}

/// The number after the name of a field, in a file of `/proc` with a field in each line. A size is in KiB.
pub fn field(text: &str, name: &str) -> Option<u64> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(found, _)| *found == name)?;
    value.split_whitespace().next()?.parse().ok()
}

/// The memory of some processes. Of all but the first, each may have ended by now.
#[cfg(target_os = "linux")]
fn of(processes: &[u32]) -> io::Result<Memory> {
    let read = |file: &str, names: &[&str]| -> io::Result<Vec<u64>> {
        let text = std::fs::read_to_string(file)?;
        // A process that has ended and hasn't been reaped has the files, without some of the fields.
        let find = |name: &&str| field(&text, name).ok_or_else(|| io::Error::other(format!("{file} has no {name}")));
        names.iter().map(find).collect()
    };
    let kibibytes = |number: u64| (number << 10) as i64;
    let mut sum = Memory { slab: kibibytes(read("/proc/meminfo", &["SUnreclaim"])?[0]), ..Memory::default() };
    for (index, process) in processes.iter().enumerate() {
        let parts = read(&format!("/proc/{process}/smaps_rollup"), &["Pss"])
            .and_then(|pss| Ok((pss[0], read(&format!("/proc/{process}/status"), &["VmPTE", "Threads"])?)));
        match parts {
            Ok((pss, status)) => {
                sum.pss += kibibytes(pss);
                sum.page_tables += kibibytes(status[0]);
                sum.kernel_stacks += (status[1] * KERNEL_STACK) as i64;
            }
            Err(error) if index == 0 => return Err(error),
            Err(_) => {}
        }
    }
    Ok(sum)
}

/// A process and its descendants.
#[cfg(target_os = "linux")]
fn family(process: u32) -> io::Result<Vec<u32>> {
    let number = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse::<u32>().ok();
    let parent = |number: u32| {
        let status = std::fs::read_to_string(format!("/proc/{number}/status")).ok()?;
        Some((number, field(&status, "PPid")?))
    };
    let all: Vec<(u32, u64)> = std::fs::read_dir("/proc")?.filter_map(number).filter_map(parent).collect();
    let mut family = vec![process];
    let mut next = 0;
    while let Some(member) = family.get(next).copied() {
        family.extend(all.iter().filter(|(_, parent)| *parent == u64::from(member)).map(|(child, _)| *child));
        next += 1;
    }
    Ok(family)
}

#[cfg(not(target_os = "linux"))]
fn of(_: &[u32]) -> io::Result<Memory> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn family(_: u32) -> io::Result<Vec<u32>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "VmPTE:\t     96 kB\nVmPTEs:\t1 kB\nThreads:\t3\nName:\ta: b\n";
        assert_eq!(field(text, "VmPTE"), Some(96));
        assert_eq!(field(text, "Threads"), Some(3));
        assert_eq!(field(text, "Vm"), None);
        assert_eq!(field(text, "Name"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_and_a_thread_are_counted_and_a_child_belongs_to_the_family() {
        use std::process::{Command, Stdio};
        use std::sync::mpsc;
        use std::{hint, process, thread};

        const PAGES: usize = 64 << 20;
        let before = Memory::of_this_process().unwrap();
        let pages = vec![1_u8; PAGES];
        let (stop, stopped) = mpsc::channel::<()>();
        let waits = thread::spawn(move || _ = stopped.recv());
        let more = Memory::of_this_process().unwrap() - before;
        drop(stop);
        waits.join().unwrap();
        // The other tests of this process also have threads and pages.
        assert!(hint::black_box(&pages).len() == PAGES && more.pss > PAGES as i64 / 2, "{more:?}");

        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let family = family(process::id()).unwrap();
        assert!(family.contains(&child.id()), "{family:?}");
        assert!(Memory::of_family(child.id()).unwrap().kernel_stacks >= KERNEL_STACK as i64);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(Memory::of_family(child.id()).is_err());
    }
}
