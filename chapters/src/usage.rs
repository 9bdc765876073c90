//! What a run cost the machine, as the operating system counted it: processor time and memory.

#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What one process, or several together, used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a processor, in user code and in the kernel. Zero where the system does not tell.
    pub cpu: Duration,
    /// The most memory that was ever resident, in bytes. Zero where the system does not tell.
    pub peak_rss: u64,
}

impl Usage {
    /// What was used since `start`: the processor time since then. A peak cannot be divided, and stays.
    ///
    /// A program that was started by `exec` begins with the time that the program before it had used. Under `cargo run`,
    /// that is cargo's and its compilers'.
    pub fn since(self, start: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(start.cpu), ..self }
    }

    /// What this process used, and the processor time of those of its children that it has waited for.
    ///
    /// The peak is this process's own: `getrusage` knows only the largest child, not all of them together.
    #[cfg(unix)]
    pub fn of_this_process() -> Self {
        use nix::sys::resource::{UsageWho, getrusage};

        let cpu = |who| {
            let time = |value: nix::sys::time::TimeVal| {
                Duration::new(value.tv_sec().max(0) as u64, value.tv_usec().max(0) as u32 * 1000)
            };
            getrusage(who).map_or(Duration::ZERO, |usage| time(usage.user_time()) + time(usage.system_time()))
        };
        Self { cpu: cpu(UsageWho::RUSAGE_SELF) + cpu(UsageWho::RUSAGE_CHILDREN), peak_rss: peak_rss() }
    }

    /// Nothing: this system is not asked.
    #[cfg(not(unix))]
    pub fn of_this_process() -> Self {
        Self::default()
    }
}

/// Whether this process began as a copy of another, and runs the same program.
#[cfg(target_os = "linux")]
static IS_A_COPY: AtomicBool = AtomicBool::new(false);

/// Notes that this process is a copy of another, made by `fork`.
#[cfg(target_os = "linux")]
pub fn this_is_a_copy() {
    IS_A_COPY.store(true, Ordering::Relaxed);
}

/// The peak of this process, from `/proc` unless it is a copy.
///
/// `getrusage` has the figure too, and for much less: of what workers cost that start and end at once, a fifth was for the
/// kernel to write their `/proc/self/status`. But there a process that was started by `exec` inherits the peak of the
/// program that it replaced: under `cargo run`, that of cargo. A copy inherits nothing.
#[cfg(target_os = "linux")]
pub fn peak_rss() -> u64 {
    if IS_A_COPY.load(Ordering::Relaxed) {
        return peak_by_getrusage(1024);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// The peak of this process, from `getrusage`.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn peak_rss() -> u64 {
    peak_by_getrusage(if cfg!(target_vendor = "apple") { 1 } else { 1024 })
}

/// The peak of this process in bytes, which `getrusage` tells in units of so many.
#[cfg(unix)]
fn peak_by_getrusage(unit: u64) -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};

    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss().max(0) as u64 * unit)
}
