//! The runs of demos: so many at once, each for so long and with so many records, and each over as soon as nobody reads.
//!
//! A run is a task that reads what a [supervisor](super::supervisor) passes on from its demo and sends it to the reader, a few
//! lines at a time; a reader who is slow holds up the task, and the task the demo, so nothing piles up here. Whatever ends
//! the run, the supervisor's standard input is closed then, and that ends the demo and all that it has started.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use super::Refusal;
use super::labs::Lab;

/// How many runs there are at once.
const AT_ONCE: usize = 2;
/// How long a run may take.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a demo that was told to stop may take to sum up.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many records a run may have.
const MOST_RECORDS: usize = 200_000;
/// How many bytes a record may have.
const LONGEST_RECORD: usize = 1 << 20;
/// How many bytes are read at a time.
const CHUNK: usize = 1 << 15;
/// How many bytes of what a demo complains about are told.
const COMPLAINT: u64 = 4_000;
/// How many pieces may be on their way to the reader.
const ON_THE_WAY: usize = 4;

/// All runs.
pub struct Runs {
    free: Arc<Semaphore>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    /// How many there have been.
    count: u64,
    by_number: BTreeMap<u64, Run>,
}

/// A run that has not ended.
struct Run {
    lab: &'static Lab,
    stop: Arc<Notify>,
    /// Its supervisor.
    supervisor: u32,
}

/// What the room adds to the demo's own records: a line before them, and one after.
#[derive(Serialize)]
#[serde(tag = "room", rename_all = "snake_case")]
enum Line {
    Started {
        run: u64,
        /// What a reader could type instead.
        command: String,
    },
    Ended {
        status: Option<i32>,
        why: Why,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

/// Why a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Done,
    Stopped,
    TooLong,
    TooManyRecords,
    Failed,
    /// Nobody reads any more.
    Left,
}

impl Line {
    fn bytes(&self) -> Bytes {
        (serde_json::to_string(self).expect("it is JSON") + "\n").into()
    }
}

impl Runs {
    pub fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), running: Mutex::default() }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a demo with these words for its command line. What is received is to be sent to the reader as it is; when
    /// the receiver is dropped, the run ends.
    ///
    /// # Errors
    ///
    /// When there are too many runs already (429), or the system has no room for another one (503).
    pub fn start(self: &Arc<Self>, lab: &'static Lab, words: Vec<String>) -> Result<mpsc::Receiver<Bytes>, Refusal> {
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            let many = format!("{AT_ONCE} runs are under way: wait until one has ended, or stop one");
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, many));
        };
        let cannot = |error: io::Error| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, format!("cannot start {}: {error}", lab.program))
        };
        let mut supervisor = supervisor(lab, &words).map_err(cannot)?;
        let (Some(hold), Some(pid)) = (supervisor.stdin.take(), supervisor.id()) else {
            return Err(cannot(io::Error::other("it has ended already")));
        };
        let stop = Arc::new(Notify::new());
        let number = {
            let mut running = self.running();
            running.count += 1;
            let number = running.count;
            running.by_number.insert(number, Run { lab, stop: stop.clone(), supervisor: pid });
            number
        };
        let (sender, receiver) = mpsc::channel(ON_THE_WAY);
        let command = command_of(lab, &words);
        let attending = Attending { runs: self.clone(), number, _permit: permit };
        tokio::spawn(async move {
            let _attending = attending;
            if sender.send(Line::Started { run: number, command }.bytes()).await.is_ok() {
                attend(supervisor, hold, &stop, &sender).await;
            }
        });
        Ok(receiver)
    }

    /// Tells a run to stop: its demo still sums up.
    ///
    /// # Errors
    ///
    /// When there is no such run (404).
    pub fn stop(&self, number: u64) -> Result<(), Refusal> {
        let running = self.running();
        running.by_number.get(&number).ok_or_else(|| no_run(number))?.stop.notify_one();
        Ok(())
    }

    /// Kills a worker of a run.
    ///
    /// # Errors
    ///
    /// When there is no such run or worker (404), or the workers are no processes (409).
    pub fn kill(&self, number: u64, worker: &str) -> Result<(), Refusal> {
        let running = self.running();
        let run = running.by_number.get(&number).ok_or_else(|| no_run(number))?;
        if !run.lab.workers_are_processes {
            let why = format!("the workers of {} are no processes: only a process can be killed", run.lab.program);
            return Err(Refusal::new(StatusCode::CONFLICT, why));
        }
        match kill(run.supervisor, worker) {
            true => Ok(()),
            false => Err(Refusal::new(StatusCode::NOT_FOUND, format!("worker: run {number} has no {worker:?} now"))),
        }
    }
}

fn no_run(number: u64) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("run: {number} is not under way"))
}

#[cfg(target_os = "linux")]
fn kill(supervisor: u32, worker: &str) -> bool {
    use nix::sys::signal::{Signal, kill};
    let is_it = |name: &str| name == worker && name.starts_with("worker-");
    let found = super::proc::descendants(supervisor).into_iter().find(|process| is_it(&process.name));
    found.is_some_and(|process| kill(process.pid, Signal::SIGKILL).is_ok())
}

#[cfg(not(target_os = "linux"))]
fn kill(_supervisor: u32, _worker: &str) -> bool {
    false
}

/// A place among the runs, given back when it ends.
struct Attending {
    runs: Arc<Runs>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Attending {
    fn drop(&mut self) {
        self.runs.running().by_number.remove(&self.number);
    }
}

/// Starts a supervisor, which starts the demo.
fn supervisor(lab: &Lab, words: &[String]) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["supervise", lab.name, "--"]).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C in the room's terminal is for the room, whose end is then seen.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// What a reader could type to run the same.
fn command_of(lab: &Lab, words: &[String]) -> String {
    let dashes = if words.is_empty() { "" } else { " -- " };
    format!("cargo run --bin {}{dashes}{}", lab.program, words.join(" "))
}

/// Passes on what a demo says, until it has ended.
async fn attend(mut supervisor: Child, hold: ChildStdin, stop: &Notify, reader: &Sender<Bytes>) {
    let complaint = supervisor.stderr.take().map(|stderr| tokio::spawn(beginning(stderr)));
    let mut hold = Some(hold);
    let why = match supervisor.stdout.take() {
        Some(stdout) => pass_on(stdout, &mut hold, stop, reader).await,
        None => Why::Failed,
    };
    // Whatever the demo still does, it ends now.
    drop(hold);
    let status = supervisor.wait().await.ok().and_then(|status| status.code());
    let complaint = match complaint {
        Some(complaint) => complaint.await.unwrap_or_default(),
        None => String::new(),
    };
    let (why, error) = judge(why, status, complaint);
    let _ = timeout(PATIENCE, reader.send(Line::Ended { status, why, error }.bytes())).await;
}

/// Why a run is over, seen that its demo ended with this status and this complaint, and what is wrong if it has failed.
fn judge(why: Why, status: Option<i32>, complaint: String) -> (Why, Option<String>) {
    match (why, status) {
        (Why::Done, Some(0)) => (why, None),
        // A job that was lost with its worker is told in the records.
        (Why::Done, Some(1)) if complaint.is_empty() => (why, None),
        (Why::Done, _) if complaint.is_empty() => (Why::Failed, Some("something else ended the program".to_owned())),
        (Why::Done, _) => (Why::Failed, Some(complaint)),
        _ => (why, None),
    }
}

/// Sends the lines that a demo prints to the reader, and says why there are no more.
async fn pass_on(
    mut stdout: impl AsyncReadExt + Unpin,
    hold: &mut Option<ChildStdin>,
    stop: &Notify,
    reader: &Sender<Bytes>,
) -> Why {
    let mut deadline = Instant::now() + LONGEST;
    let mut stopped = false;
    let mut records = 0;
    let mut read = BytesMut::new();
    // What the reader has not taken. Until it is taken nothing more is read, but whoever wants to stop is heard.
    let mut ready: Option<Bytes> = None;
    loop {
        if ready.is_none() {
            // As many lines as are whole.
            ready = read.iter().rposition(|byte| *byte == b'\n').map(|end| read.split_to(end + 1).freeze());
            records += ready.iter().flatten().filter(|byte| **byte == b'\n').count();
            if records > MOST_RECORDS || read.len() > LONGEST_RECORD {
                return Why::TooManyRecords;
            }
        }
        read.reserve(CHUNK);
        tokio::select! {
            room = reader.reserve(), if ready.is_some() => match room {
                Ok(room) => if let Some(lines) = ready.take() { room.send(lines) },
                Err(_) => return Why::Left,
            },
            count = stdout.read_buf(&mut read), if ready.is_none() => if !count.is_ok_and(|count| count > 0) {
                return if stopped { Why::Stopped } else { Why::Done };
            },
            () = reader.closed() => return Why::Left,
            () = sleep_until(deadline) => return if stopped { Why::Stopped } else { Why::TooLong },
            () = stop.notified(), if !stopped => {
                stopped = true;
                deadline = Instant::now() + PATIENCE;
                let told = match hold {
                    Some(hold) => hold.write_all(b"interrupt\n").await,
                    None => Ok(()),
                };
                if told.is_err() {
                    return Why::Stopped;
                }
            }
        }
    }
}

/// The beginning of what a demo complains about; the rest is read, so that nothing holds it up, and forgotten.
async fn beginning(mut stderr: impl AsyncReadExt + Unpin) -> String {
    let mut text = Vec::new();
    let _ = (&mut stderr).take(COMPLAINT).read_to_end(&mut text).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_failed_if_it_complains_or_something_else_ended_it() {
        let judge = |why, status, complaint: &str| judge(why, status, complaint.to_owned());
        assert_eq!(judge(Why::Done, Some(0), "a warning"), (Why::Done, None));
        assert_eq!(judge(Why::Done, Some(1), ""), (Why::Done, None));
        assert_eq!(judge(Why::Done, Some(1), "no memory"), (Why::Failed, Some("no memory".to_owned())));
        for status in [Some(137), None] {
            assert_eq!(judge(Why::Done, status, "").0, Why::Failed, "{status:?}");
            assert_eq!(judge(Why::Stopped, status, "").0, Why::Stopped, "{status:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn stop_reaches_a_demo_whose_reader_takes_nothing() {
        // It says what it is told.
        let mut demo = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat is there");
        let mut heard = demo.stdout.take().expect("it is piped");
        let mut hold = demo.stdin.take();
        let (reader, mut takes_nothing) = mpsc::channel(1);
        reader.send(Bytes::new()).await.expect("it has room for one");
        let stop = Notify::new();
        let told = async {
            // It has read what nobody takes before it is to stop.
            tokio::task::yield_now().await;
            stop.notify_one();
            let mut word = [0; 10];
            heard.read_exact(&mut word).await.expect("it is told something");
            word
        };
        tokio::select! {
            biased;
            why = pass_on(tokio::io::repeat(b'\n'), &mut hold, &stop, &reader) => panic!("over before it was told: {why:?}"),
            word = told => assert_eq!(&word, b"interrupt\n"),
        }
        takes_nothing.close();
        drop(hold);
        demo.wait().await.expect("it ends with its input");
    }
}
