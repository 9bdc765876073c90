//! The resources that a run used, as the operating system counts them: processor time and memory.

#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The resources that one process, or several together, have used so far.
///
/// ```
/// use chapters::usage::Usage;
///
/// let start = Usage::of_this_process();
/// let sum: u64 = (0..1_000_000).map(std::hint::black_box).sum();
/// assert_eq!(sum, 499_999_500_000);
/// println!("{:?} of processor time", Usage::of_this_process().since(start).cpu);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in user code and in the kernel. Zero if the system doesn't report it.
    pub cpu: Duration,
    /// The peak of the resident memory, in bytes. Zero if the system doesn't report it.
    pub peak_rss: u64,
}

impl Usage {
    /// The processor time used since `start`. The peak stays as it is, because it doesn't belong to a period.
    ///
    /// After `exec`, a program starts with the processor time that the process has used so far. Under `cargo run`, that
    /// is the time of cargo and its compilers.
    pub fn since(self, start: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(start.cpu), ..self }
    }

    /// The resources that this process has used, including the processor time of the child processes that it has waited
    /// for.
    ///
    /// The peak is that of this process alone: `getrusage` reports the largest child, not the sum of all children.
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

    /// Returns zeros: this function doesn't query the system here.
    #[cfg(not(unix))]
    pub fn of_this_process() -> Self {
        Self::default()
    }
}

/// Whether this process was made by `fork` and runs the same program as its parent.
#[cfg(target_os = "linux")]
static IS_A_COPY: AtomicBool = AtomicBool::new(false);

/// Notes that this process is a copy of another, made by `fork`.
#[cfg(target_os = "linux")]
pub fn this_is_a_copy() {
    IS_A_COPY.store(true, Ordering::Relaxed);
}

/// The peak memory of this process in bytes, from `/proc` unless the process is a copy.
///
/// `getrusage` reports the figure as well, and is much cheaper: for workers that stop right after they start, writing
/// `/proc/self/status` took the kernel a fifth of the total time. But its figure survives `exec`: under `cargo run`,
/// the program inherits the peak of cargo. A copy made by `fork` inherits nothing.
#[cfg(target_os = "linux")]
pub fn peak_rss() -> u64 {
    if IS_A_COPY.load(Ordering::Relaxed) {
        return peak_by_getrusage(1024);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    crate::memory::field(&status, "VmHWM").unwrap_or(0) * 1024
}

/// The peak memory of this process in bytes, from `getrusage`.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn peak_rss() -> u64 {
    peak_by_getrusage(if cfg!(target_vendor = "apple") { 1 } else { 1024 })
}

/// The peak memory of this process in bytes. `getrusage` reports it in units of `unit` bytes.
#[cfg(unix)]
fn peak_by_getrusage(unit: u64) -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};

    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss().max(0) as u64 * unit)
}
