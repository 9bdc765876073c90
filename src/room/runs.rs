//! Runs demos, with limits on the number of runs, their time and their records. A run ends early when its reader leaves.
//!
//! Each run is a task that reads the output of a demo through its [supervisor](super::supervisor) and sends it to the reader,
//! a few lines at a time. A slow reader slows down the task, and a full pipe then slows down the demo, so the room buffers
//! little. At the end of a run, for whatever reason, the task closes the supervisor's standard input, and the supervisor
//! kills the demo and every process that it started.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use super::labs::{Kills, Lab, Start};
use super::refusal::Refusal;
use crate::process;

/// The number of runs at once.
const MAX_RUNS: usize = 2;
/// The time limit of a run.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The time limit of a run for which cargo may compile the libraries first.
const COMPILING_TIME_LIMIT: Duration = Duration::from_secs(600);
/// The time limit of an interactive run, which waits for the reader most of the time.
const INTERACTIVE_TIME_LIMIT: Duration = Duration::from_secs(3600);
/// The time that an interrupted demo has for its summary.
const GRACE_PERIOD: Duration = Duration::from_secs(2);
/// The number of records of a run.
const MAX_RECORDS: usize = 200_000;
/// The length of a record, in bytes.
const MAX_RECORD_LENGTH: usize = 1 << 20;
/// The number of bytes that are read at a time.
const CHUNK: usize = 1 << 15;
/// The number of bytes of a demo's error messages that a reader gets.
const MAX_ERRORS: u64 = 4_000;
/// The number of lines that wait for a demo that reads them slowly.
const INPUT_LENGTH: usize = 16;
/// The number of pieces that wait for a slow reader.
const QUEUE_LENGTH: usize = 4;

/// The runs of a room.
pub struct Runs {
    free: Arc<Semaphore>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    /// The number of runs since the room opened.
    count: u64,
    by_number: BTreeMap<u64, Run>,
}

/// A run in progress.
struct Run {
    lab: &'static Lab,
    stop: Arc<Notify>,
    /// The lines for a demo that reads its standard input.
    input: Sender<String>,
    /// The PID of its supervisor.
    supervisor: u32,
}

/// The orders and lines for a running demo, and the pipe to its supervisor.
struct Orders {
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stop: Arc<Notify>,
}

/// The lines that the room adds before and after the records of the demo.
#[derive(Serialize)]
#[serde(tag = "room", rename_all = "snake_case")]
enum Line {
    Started {
        run: u64,
        /// The command line that does the same.
        command: String,
    },
    Ended {
        status: Option<i32>,
        #[serde(rename = "why")]
        reason: EndReason,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndReason {
    Done,
    Stopped,
    TooLong,
    TooManyRecords,
    Failed,
    /// The reader closed the connection.
    Left,
}

impl Line {
    fn bytes(&self) -> Bytes {
        (serde_json::to_string(self).expect("it is JSON") + "\n").into()
    }
}

impl Default for Runs {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(MAX_RUNS)), running: Mutex::default() }
    }
}

impl Runs {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a demo with some command-line arguments. The receiver yields the lines for the reader. Dropping it ends the run.
    ///
    /// # Errors
    ///
    /// When there are too many runs (429), or when the system can't start another process (503).
    pub fn start(
        self: &Arc<Self>,
        lab: &'static Lab,
        arguments: Vec<String>,
    ) -> Result<mpsc::Receiver<Bytes>, Refusal> {
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            let many = format!("{MAX_RUNS} runs are in progress: wait until one has ended, or stop one");
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, many));
        };
        let cannot = |error: io::Error| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, format!("cannot start {}: {error}", lab.program))
        };
        let mut supervisor = spawn_supervisor(lab, &arguments).map_err(cannot)?;
        let (Some(stdin), Some(pid)) = (supervisor.stdin.take(), supervisor.id()) else {
            return Err(cannot(io::Error::other("it has already ended")));
        };
        let stop = Arc::new(Notify::new());
        let (input, lines) = mpsc::channel(INPUT_LENGTH);
        let mut orders = Orders { stdin: Some(stdin), lines, stop: stop.clone() };
        let time_limit = match lab.start {
            _ if lab.interactive => INTERACTIVE_TIME_LIMIT,
            Start::Cargo { .. } => COMPILING_TIME_LIMIT,
            Start::Here(_) => TIME_LIMIT,
        };
        let number = {
            let mut running = self.running();
            running.count += 1;
            let number = running.count;
            running.by_number.insert(number, Run { lab, stop: stop.clone(), input, supervisor: pid });
            number
        };
        let (sender, receiver) = mpsc::channel(QUEUE_LENGTH);
        let command = lab.command_line(&arguments);
        let registered = Registered { runs: self.clone(), number, _permit: permit };
        tokio::spawn(async move {
            let _registered = registered;
            if sender.send(Line::Started { run: number, command }.bytes()).await.is_ok() {
                follow(supervisor, &mut orders, time_limit, &sender).await;
            }
        });
        Ok(receiver)
    }

    /// Interrupts a run, as Ctrl-C does. Its demo still writes a summary.
    ///
    /// # Errors
    ///
    /// When the run isn't in progress (404).
    pub fn stop(&self, number: u64) -> Result<(), Refusal> {
        let running = self.running();
        running.by_number.get(&number).ok_or_else(|| no_run(number))?.stop.notify_one();
        Ok(())
    }

    /// Sends a line to an interactive run.
    ///
    /// # Errors
    ///
    /// When the run isn't in progress (404), isn't interactive (409), or has too many lines to read (429).
    pub fn input(&self, number: u64, line: &Value) -> Result<(), Refusal> {
        let running = self.running();
        let run = running.by_number.get(&number).ok_or_else(|| no_run(number))?;
        if !run.lab.interactive {
            let reason = format!("{} reads no input", run.lab.program);
            return Err(Refusal::new(StatusCode::CONFLICT, reason));
        }
        run.write(line.to_string())
    }

    /// Kills a worker process of a run, or lets its demo kill a broker.
    ///
    /// # Errors
    ///
    /// When there is no such run, worker, or broker (404), when the workers aren't processes (409), or when the demo hasn't
    /// read earlier requests (429).
    pub fn kill(&self, number: u64, target: &str) -> Result<(), Refusal> {
        let running = self.running();
        let run = running.by_number.get(&number).ok_or_else(|| no_run(number))?;
        if run.lab.kills == Kills::Nothing {
            let reason = format!("the workers of {} are not processes: only a process can be killed", run.lab.program);
            return Err(Refusal::new(StatusCode::CONFLICT, reason));
        }
        if run.lab.kills.others().contains(&target) {
            return run.write(target.to_owned());
        }
        match kill(run.supervisor, target) {
            true => Ok(()),
            false => Err(Refusal::new(StatusCode::NOT_FOUND, format!("target: run {number} has no {target:?}"))),
        }
    }
}

impl Run {
    /// Writes a line to the standard input of the demo.
    fn write(&self, line: String) -> Result<(), Refusal> {
        let full = |_| {
            let reason = format!("{INPUT_LENGTH} lines wait to be read: wait for an answer");
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, reason)
        };
        self.input.try_send(line).map_err(full)
    }
}

fn no_run(number: u64) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, format!("run: {number} is not in progress"))
}

#[cfg(target_os = "linux")]
fn kill(supervisor: u32, worker: &str) -> bool {
    let is_it = |name: &str| name == worker && name.starts_with("worker-");
    let found = super::descendants::descendants(supervisor).into_iter().find(|process| is_it(&process.name));
    found.is_some_and(|process| process.kill())
}

#[cfg(not(target_os = "linux"))]
fn kill(_supervisor: u32, _worker: &str) -> bool {
    false
}

/// The entry of a run, removed when the run ends.
struct Registered {
    runs: Arc<Runs>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.runs.running().by_number.remove(&self.number);
    }
}

/// Starts a supervisor, which starts the demo.
fn spawn_supervisor(lab: &Lab, arguments: &[String]) -> io::Result<Child> {
    let mut command = Command::new(process::executable()?);
    command.args(["supervise", lab.name, "--"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C in the room's terminal goes to the room only. The supervisor notices the end of the room.
    #[cfg(unix)]
    command.arg0(env!("CARGO_PKG_NAME")).process_group(0);
    command.spawn()
}

/// Sends the output of a demo to the reader until the demo has ended.
async fn follow(mut supervisor: Child, orders: &mut Orders, time_limit: Duration, reader: &Sender<Bytes>) {
    let errors = supervisor.stderr.take().map(|stderr| tokio::spawn(beginning(stderr)));
    let reason = match supervisor.stdout.take() {
        Some(stdout) => forward(stdout, orders, time_limit, reader).await,
        None => EndReason::Failed,
    };
    // If the demo is still running, this ends it.
    orders.stdin = None;
    let status = supervisor.wait().await.ok().and_then(|status| status.code());
    let errors = match errors {
        Some(errors) => errors.await.unwrap_or_default(),
        None => String::new(),
    };
    let (reason, error) = outcome(reason, status, errors);
    let _ = timeout(GRACE_PERIOD, reader.send(Line::Ended { status, reason, error }.bytes())).await;
}

/// Why a run ended, and its error if it failed, given the status and the error messages of its demo.
fn outcome(reason: EndReason, status: Option<i32>, errors: String) -> (EndReason, Option<String>) {
    match (reason, status) {
        (EndReason::Done, Some(0)) => (reason, None),
        // The records say which job was lost with its worker.
        (EndReason::Done, Some(1)) if errors.is_empty() => (reason, None),
        (EndReason::Done, _) if errors.is_empty() => {
            (EndReason::Failed, Some("another process ended the program".to_owned()))
        }
        (EndReason::Done, _) => (EndReason::Failed, Some(errors)),
        _ => (reason, None),
    }
}

/// Sends the lines of a demo to the reader, and returns why there are no more.
async fn forward(
    mut stdout: impl AsyncReadExt + Unpin,
    orders: &mut Orders,
    time_limit: Duration,
    reader: &Sender<Bytes>,
) -> EndReason {
    let mut deadline = Instant::now() + time_limit;
    let mut stopped = false;
    let mut records = 0;
    let mut read = BytesMut::new();
    // The lines that the reader hasn't taken yet. Until it does, the room reads nothing more, but it reacts to a stop.
    let mut ready: Option<Bytes> = None;
    loop {
        if ready.is_none() {
            // All complete lines.
            ready = read.iter().rposition(|byte| *byte == b'\n').map(|end| read.split_to(end + 1).freeze());
            records += ready.iter().flatten().filter(|byte| **byte == b'\n').count();
            if records > MAX_RECORDS || read.len() > MAX_RECORD_LENGTH {
                return EndReason::TooManyRecords;
            }
        }
        read.reserve(CHUNK);
        tokio::select! {
            permit = reader.reserve(), if ready.is_some() => match permit {
                Ok(permit) => if let Some(lines) = ready.take() { permit.send(lines) },
                Err(_) => return EndReason::Left,
            },
            count = stdout.read_buf(&mut read), if ready.is_none() => if !count.is_ok_and(|count| count > 0) {
                return if stopped { EndReason::Stopped } else { EndReason::Done };
            },
            () = reader.closed() => return EndReason::Left,
            () = sleep_until(deadline) => return if stopped { EndReason::Stopped } else { EndReason::TooLong },
            Some(line) = orders.lines.recv() => {
                if !write(&mut orders.stdin, &format!("input {line}\n")).await {
                    return EndReason::Failed;
                }
            }
            () = orders.stop.notified(), if !stopped => {
                stopped = true;
                deadline = Instant::now() + GRACE_PERIOD;
                if !write(&mut orders.stdin, "interrupt\n").await {
                    return EndReason::Stopped;
                }
            }
        }
    }
}

/// Writes a line to a supervisor. Returns whether it took the line in time.
async fn write(stdin: &mut Option<ChildStdin>, line: &str) -> bool {
    let Some(stdin) = stdin else { return true };
    matches!(timeout(GRACE_PERIOD, stdin.write_all(line.as_bytes())).await, Ok(Ok(())))
}

/// The beginning of a demo's error messages. The rest is read and dropped, so that the demo doesn't block on a full pipe.
async fn beginning(mut stderr: impl AsyncReadExt + Unpin) -> String {
    let mut text = Vec::new();
    let _ = (&mut stderr).take(MAX_ERRORS).read_to_end(&mut text).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_fails_if_it_writes_errors_or_another_process_ends_it() {
        let outcome = |reason, status, errors: &str| outcome(reason, status, errors.to_owned());
        assert_eq!(outcome(EndReason::Done, Some(0), "a warning"), (EndReason::Done, None));
        assert_eq!(outcome(EndReason::Done, Some(1), ""), (EndReason::Done, None));
        assert_eq!(outcome(EndReason::Done, Some(1), "no memory"), (EndReason::Failed, Some("no memory".to_owned())));
        for status in [Some(137), None] {
            assert_eq!(outcome(EndReason::Done, status, "").0, EndReason::Failed, "{status:?}");
            assert_eq!(outcome(EndReason::Stopped, status, "").0, EndReason::Stopped, "{status:?}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn stop_reaches_a_demo_whose_reader_takes_nothing() {
        // It writes what it reads.
        let mut demo = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat is there");
        let mut echo = demo.stdout.take().expect("it is piped");
        let stdin = demo.stdin.take();
        let (reader, mut takes_nothing) = mpsc::channel(1);
        reader.send(Bytes::new()).await.expect("there is space for one");
        let stop = Arc::new(Notify::new());
        let (_input, lines) = mpsc::channel(1);
        let mut orders = Orders { stdin, lines, stop: stop.clone() };
        let received = async {
            // By now it has read more than the reader takes.
            tokio::task::yield_now().await;
            stop.notify_one();
            let mut word = [0; 10];
            echo.read_exact(&mut word).await.expect("it is interrupted");
            word
        };
        tokio::select! {
            biased;
            reason = forward(tokio::io::repeat(b'\n'), &mut orders, TIME_LIMIT, &reader) => panic!("ended early: {reason:?}"),
            word = received => assert_eq!(&word, b"interrupt\n"),
        }
        takes_nothing.close();
        drop(orders);
        demo.wait().await.expect("it ends with its input");
    }
}
