//! The jobs of a service: randomly sized, CPU-bound or I/O-bound.
//!
//! A CPU-bound job keeps a core busy and a Python thread inside the interpreter. An I/O-bound one waits, for a timer or
//! for the answer to a request. All are measured in the same unit, a *size* between 0.5 and 1.5, so that one list of jobs
//! can be run in any of these ways.

use std::fmt;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use rand::distr::Distribution;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_512};

use crate::random::{CPythonFloat, Random, Seed};

/// How many digests a CPU-bound job of size 1 computes at scale 1.
pub const DIGESTS: f64 = 1_000_000.0;

/// Whether a job computes, waits, or sends a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Compute: SHA3-512 digests of the empty string, one after the other
    #[default]
    Cpu,
    /// Wait, as for a disk or a distant server
    Io,
    /// Send a request to the [echo server](crate::echo), and wait for the answer. Only a service has a server.
    #[value(skip)]
    Net,
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
    /// Send a request to an echo server on this machine, which the demo starts, and wait for the answer
    Net,
}

impl From<Kind> for Work {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Cpu => Work::Cpu,
            Kind::Io => Work::Io,
            Kind::Net => Work::Net,
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
            Work::Net => Kind::Net,
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
    /// Whether the job computes, waits, or sends a request.
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
    ///
    /// # Panics
    ///
    /// If it's a network job. Only a client can do that: [`threads::Client`](crate::threads::Client).
    pub fn run(&self, scale: f64) {
        self.run_with(scale, || {});
    }

    /// Does the job like [`run`](Job::run), and calls `checkpoint` after every digest, where the loop starts over.
    ///
    /// # Panics
    ///
    /// If it's a network job.
    pub fn run_with(&self, scale: f64, mut checkpoint: impl FnMut()) {
        match self.kind {
            Kind::Cpu => (0..self.digests(scale)).for_each(|_| {
                digest();
                checkpoint();
            }),
            Kind::Io => thread::sleep(self.wait(scale)),
            Kind::Net => panic!("job {} needs a client", self.number),
        }
    }

    /// Does the job. If it's I/O-bound, only the calling task waits, and the thread can run other tasks.
    ///
    /// A CPU-bound job blocks the thread until it is done, because it never awaits anything. Dropping the future
    /// abandons an I/O-bound job.
    ///
    /// # Panics
    ///
    /// If it's a network job. Only a client can do that: [`coroutines::Client`](crate::coroutines::Client).
    pub async fn run_async(&self, scale: f64) {
        match self.kind {
            Kind::Cpu | Kind::Net => self.run(scale),
            Kind::Io => tokio::time::sleep(self.wait(scale)).await,
        }
    }

    /// How many digests this job computes at `scale`, rounded down: CPython's `int(1_000_000 * size * scale)`.
    pub fn digests(&self, scale: f64) -> u64 {
        (DIGESTS * self.size * scale) as u64
    }

    /// How long this job waits at `scale`, or lets the server wait: `size * scale` seconds.
    pub fn wait(&self, scale: f64) -> Duration {
        Duration::from_secs_f64(self.size * scale)
    }
}

/// The reason why a network job failed. Its text is the `error` of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A system call failed with this error number.
    System(i32),
    /// The connection was closed before the whole answer had arrived.
    ShortAnswer,
    /// The answer was different from the request.
    WrongAnswer,
    /// The server didn't answer in time.
    NoAnswer,
}

impl Failure {
    /// The failures that have no error number.
    const WITHOUT_NUMBER: [Self; 3] = [Self::ShortAnswer, Self::WrongAnswer, Self::NoAnswer];
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match (error.kind(), error.raw_os_error()) {
            // A blocking read whose timeout has expired fails with `WouldBlock` on Unix, and with `TimedOut` elsewhere.
            (ErrorKind::WouldBlock | ErrorKind::TimedOut, _) => Self::NoAnswer,
            (_, Some(number)) => Self::System(number),
            (_, None) => Self::ShortAnswer,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::System(number) => io::Error::from_raw_os_error(*number).fmt(f),
            Self::ShortAnswer => f.write_str("the connection was closed before the whole answer had arrived"),
            Self::WrongAnswer => f.write_str("the answer was different from the request"),
            Self::NoAnswer => f.write_str("the server didn't answer in time"),
        }
    }
}

impl FromStr for Failure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || text.strip_suffix(')')?.rsplit_once("(os error ")?.1.parse().ok();
        let known = Self::WITHOUT_NUMBER.into_iter().find(|failure| failure.to_string() == text);
        let failure = known.or_else(|| number().map(Self::System));
        failure.ok_or_else(|| format!("{text:?} isn't the failure of a job"))
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
    fn a_failure_can_be_read_from_its_text() {
        let refused = Failure::from(io::Error::from_raw_os_error(111));
        assert_eq!(refused, Failure::System(111));
        for failure in Failure::WITHOUT_NUMBER.into_iter().chain([refused]) {
            assert_eq!(failure.to_string().parse(), Ok(failure));
        }
        assert!("no reason".parse::<Failure>().is_err());
    }

    #[test]
    fn a_timeout_and_a_short_answer_are_failures_without_a_number() {
        assert_eq!(Failure::from(io::Error::from(ErrorKind::WouldBlock)), Failure::NoAnswer);
        assert_eq!(Failure::from(io::Error::from(ErrorKind::UnexpectedEof)), Failure::ShortAnswer);
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
