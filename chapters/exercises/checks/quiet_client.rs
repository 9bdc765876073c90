//! Checks `quiet_client`: clients that are steady, silent, slow, or that don't read, on a clock that is stopped.

use std::io::{self, ErrorKind};
use std::time::Duration;

use checks::{Check, Checks};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex, split};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::quiet_client::serve;

/// How long the server waits for a line, and for its answer to be read.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The time between two actions of a client.
const PAUSE: Duration = Duration::from_secs(4);
/// Longer than any client may take without a line. The clock doesn't run, so this is quick.
const LONG: Duration = Duration::from_secs(60);

/// The checks.
pub const CHECKS: Checks = Checks::new(&[
    Check::new("A client sends a line every four seconds.", || on_a_stopped_clock(steady())),
    Check::new("A client says nothing.", || on_a_stopped_clock(silent())),
    Check::new("A client sends a byte every four seconds, but never a line.", || on_a_stopped_clock(slow())),
    Check::new("A client doesn't read its answers.", || on_a_stopped_clock(unread())),
]);

/// Runs a check on a clock that jumps to the next timer whenever all tasks are waiting.
fn on_a_stopped_clock(check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().map_err(|it| it.to_string())?;
    runtime.block_on(check)
}

/// Starts a server for one client, whose connection has room for `room` bytes in each direction.
fn start(room: usize) -> (DuplexStream, JoinHandle<io::Result<()>>) {
    let (client, connection) = duplex(room);
    (client, tokio::spawn(serve(connection, TIME_LIMIT)))
}

/// A client that sends a line every four seconds gets all of its answers.
async fn steady() -> Result<(), String> {
    let (client, server) = start(64);
    let (reader, mut writer) = split(client);
    let mut answers = BufReader::new(reader).lines();
    for line in 1..=5 {
        sleep(PAUSE).await;
        let lost = format!("A client that sends a line every {PAUSE:?} has no answer to line {line}.");
        writer.write_all(format!("line {line}\n").as_bytes()).await.map_err(|_| lost.clone())?;
        match timeout(LONG, answers.next_line()).await {
            Ok(Ok(Some(answer))) if answer == format!("LINE {line}") => {}
            Ok(Ok(Some(answer))) => return Err(format!("The answer to `line {line}` is `{answer}`.")),
            _ => return Err(lost),
        }
    }
    drop((answers, writer));
    match timeout(LONG, server).await {
        Ok(Ok(Ok(()))) => Ok(()),
        other => Err(format!("The client has closed the connection, and `serve` ends with {other:?}.")),
    }
}

/// A client that says nothing is disconnected when the time is up.
async fn silent() -> Result<(), String> {
    let (_client, server) = start(64);
    times_out(server, TIME_LIMIT, "A client that says nothing").await
}

/// A client that sends a byte every four seconds, but never a line, is disconnected as well.
async fn slow() -> Result<(), String> {
    let (mut client, server) = start(64);
    tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            sleep(PAUSE).await;
        }
    });
    times_out(server, TIME_LIMIT, &format!("A client that sends a byte every {PAUSE:?}, but never a line,")).await
}

/// A client that sends lines and doesn't read the answers is disconnected when there's no more room for them.
async fn unread() -> Result<(), String> {
    let (client, server) = start(16);
    let (_reader, mut writer) = split(client);
    tokio::spawn(async move { while writer.write_all(b"a line\n").await.is_ok() {} });
    times_out(server, 2 * TIME_LIMIT, "A client that doesn't read its answers").await
}

/// The server has to give up between `TIME_LIMIT` and `latest`.
async fn times_out(server: JoinHandle<io::Result<()>>, latest: Duration, client: &str) -> Result<(), String> {
    let start = Instant::now();
    let Ok(ended) = timeout(LONG, server).await else {
        return Err(format!("{client} is still connected after {LONG:?}."));
    };
    let after = start.elapsed();
    match ended {
        Ok(Err(error)) if error.kind() == ErrorKind::TimedOut && after < TIME_LIMIT => {
            Err(format!("{client} was disconnected after {after:?}, and it had {TIME_LIMIT:?}."))
        }
        Ok(Err(error)) if error.kind() == ErrorKind::TimedOut && after > latest + Duration::from_secs(1) => {
            Err(format!("{client} stayed connected for {after:?}."))
        }
        Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => Ok(()),
        other => Err(format!("{client} makes `serve` end with {other:?}, not with the error `TimedOut`.")),
    }
}
