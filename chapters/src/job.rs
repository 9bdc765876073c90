//! The jobs of a service: randomly sized, CPU-bound or I/O-bound.
//!
//! A CPU-bound job keeps a core busy and a Python thread inside the interpreter; an I/O-bound one only waits. Both are
//! measured in the same unit, a *size* between 0.5 and 1.5, so that one list of jobs can be run either way.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use rand::distr::Distribution;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_512};

use crate::random::{CPythonFloat, Random, Seed};

/// How many digests a CPU-bound job of size 1 computes at scale 1.
pub const DIGESTS: f64 = 1_000_000.0;

/// Whether a job computes or waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Compute: SHA3-512 digests of the empty string, one after the other
    #[default]
    Cpu,
    /// Wait, as for a disk or a distant server
    Io,
}

/// The kinds of jobs in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Compute: SHA3-512 digests of the empty string, one after the other
    #[default]
    Cpu,
    /// Wait, as for a disk or a distant server
    Io,
    /// Alternate between the two: every second job waits
    Mixed,
}

impl From<Kind> for Work {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Cpu => Work::Cpu,
            Kind::Io => Work::Io,
        }
    }
}

impl Work {
    // ANCHOR: kind
    /// The kind of the job with this number.
    pub fn kind(self, number: u64) -> Kind {
        match self {
            Work::Cpu => Kind::Cpu,
            Work::Io => Kind::Io,
            Work::Mixed if number.is_multiple_of(2) => Kind::Cpu,
            Work::Mixed => Kind::Io,
        }
    }
    // ANCHOR_END: kind
}

/// One piece of work.
///
/// ```
/// use chapters::job::{Kind, jobs};
///
/// let sizes: Vec<f64> = jobs(&"1".parse().unwrap(), Kind::Cpu).take(2).map(|job| job.size).collect();
/// assert_eq!(sizes, [0.6343642441124012, 1.3474337369372327]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job's place in the list, from 0.
    pub number: u64,
    /// Whether the job computes or waits.
    pub kind: Kind,
    /// The amount of work, from 0.5 to 1.5.
    pub size: f64,
}

/// The endless list of jobs that a seed determines.
///
/// The sizes are `0.5 + random()` of CPython's `random.Random(seed)`, bit for bit.
pub fn jobs(seed: &Seed, kind: Kind) -> impl Iterator<Item = Job> + use<> {
    let sizes = CPythonFloat.sample_iter(Random::new(seed)).map(|number| 0.5 + number);
    (0..).zip(sizes).map(move |(number, size)| Job { number, kind, size })
}

impl Job {
    /// Does the job, blocking the calling thread until it is done.
    ///
    /// A CPU-bound job computes [`digests`](Job::digests), an I/O-bound one sleeps for its [`wait`](Job::wait).
    pub fn run(&self, scale: f64) {
        self.run_with(scale, || {});
    }

    /// Does the job like [`run`](Job::run), and calls `checkpoint` after every digest, where the loop starts over.
    pub fn run_with(&self, scale: f64, mut checkpoint: impl FnMut()) {
        match self.kind {
            Kind::Cpu => (0..self.digests(scale)).for_each(|_| {
                digest();
                checkpoint();
            }),
            Kind::Io => thread::sleep(self.wait(scale)),
        }
    }

    /// Does the job. If it's I/O-bound, only the calling task waits, and the thread can run other tasks.
    ///
    /// A CPU-bound job blocks the thread until it is done, because it never awaits anything. Dropping the future
    /// abandons an I/O-bound job.
    pub async fn run_async(&self, scale: f64) {
        match self.kind {
            Kind::Cpu => self.run(scale),
            Kind::Io => tokio::time::sleep(self.wait(scale)).await,
        }
    }

    /// How many digests this job computes at `scale`, rounded down: CPython's `int(1_000_000 * size * scale)`.
    pub fn digests(&self, scale: f64) -> u64 {
        (DIGESTS * self.size * scale) as u64
    }

    /// How long this job waits at `scale`: `size * scale` seconds.
    pub fn wait(&self, scale: f64) -> Duration {
        Duration::from_secs_f64(self.size * scale)
    }
}

/// Computes one SHA3-512 digest of the empty string.
///
/// Both the hasher and the result are opaque to the optimizer. If only the result were opaque, the optimizer could
/// compute the digest once and reuse it, because the input is constant.
// ANCHOR: digest
fn digest() {
    let hasher = black_box(Sha3_512::new());
    black_box(hasher.finalize());
}
// ANCHOR_END: digest

#[cfg(test)]
mod tests {
    use super::*;

    fn job(size: f64) -> Job {
        Job { number: 0, kind: Kind::Cpu, size }
    }

    #[test]
    fn digests_are_counted_as_cpython_counts_them() {
        assert_eq!(job(0.6343642441124012).digests(1.0), 634_364);
        assert_eq!(job(1.3474337369372327).digests(0.001), 1347);
        assert_eq!(job(1.5).digests(0.0), 0);
    }

    #[test]
    fn an_io_bound_job_waits_its_size_in_seconds() {
        let job = Job { kind: Kind::Io, ..job(1.25) };
        assert_eq!(job.wait(2.0), Duration::from_millis(2500));
    }

    #[test]
    fn every_second_job_of_mixed_work_waits() {
        assert_eq!([0, 1, 2, 3].map(|number| Work::Mixed.kind(number)), [Kind::Cpu, Kind::Io, Kind::Cpu, Kind::Io]);
    }

    #[test]
    fn jobs_are_numbered_from_zero() {
        let numbers: Vec<u64> = jobs(&Seed::from(1), Kind::Io).take(3).map(|job| job.number).collect();
        assert_eq!(numbers, [0, 1, 2]);
    }
}
