//! `cargo run`: opens the reading room, prints its address, and builds the book again when a file changes.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::book;
use crate::room::Room;
use crate::room::access::Token;
use crate::site::Site;

/// The first port that is tried when none is given.
const PORT: u16 = 3000;
/// The number of ports that are tried then.
const PORTS: u16 = 100;
/// The smallest limit on file descriptors with which the room works.
#[cfg(unix)]
const MIN_DESCRIPTORS: u64 = 32;
/// A build waits until no file has changed for this time,
const QUIET: Duration = Duration::from_millis(60);
/// but never longer than this.
const MAX_DELAY: Duration = Duration::from_secs(1);
/// A build that failed is repeated after this time, because the fault may lie outside the watched folders.
const RETRY: Duration = Duration::from_secs(10);

/// The folders whose files are on the pages.
const SHOWN: [&str; 8] = [
    "book",
    "chapters/src",
    "chapters/examples",
    "chapters/exercises",
    "chapters/machines/src",
    "chapters/programs",
    "chapters/tests",
    "chapters/benches",
];

/// Opens the room on a port, by default the first free one from 3000, and serves the book until a signal ends it. Returns the
/// exit status.
///
/// # Errors
///
/// When the port is taken, when the book can't be built, or when the address can't be printed.
pub fn serve(port: Option<u16>, open: bool) -> Result<u8, String> {
    check_limits()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        let listener = bind(port).await?;
        let address = listener.local_addr().map_err(|error| format!("cannot get the address: {error}"))?;
        let token = Token::random()?;
        let room = Room::new(address.port(), token.clone());
        // Files that change during the build are seen.
        let changes = Changes::watch();
        room.publish(Ok(Site::build()?));
        let builder = thread::Builder::new().name("builder".to_owned());
        let published = room.clone();
        builder
            .spawn(move || rebuild(&published, changes))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        let address = format!("http://{address}/?token={}", token.as_str());
        say(&format!(
            "The reading room is open at {address}\nCtrl-C closes it; `cargo run -- --help` lists the other commands."
        ))
        .map_err(|error| format!("cannot write standard output: {error}"))?;
        let opened = if open { Some(open_browser(&address)) } else { None };
        if let Some(Err(error)) = &opened {
            complain(&format!("cannot open a browser: {error}"));
        }
        tokio::select! {
            () = room.serve(listener) => Ok(0),
            number = signals.next() => Ok(128 + number),
        }
    })
}

/// Checks that the room can have the threads and file descriptors that it always needs. The libraries below it panic without.
fn check_limits() -> Result<(), String> {
    #[cfg(unix)]
    if let Ok((limit, _)) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        && limit < MIN_DESCRIPTORS
    {
        return Err(format!(
            "the limit on open files is {limit}: the reading room needs at least {MIN_DESCRIPTORS} (see ulimit -n)"
        ));
    }
    // One thread builds the book and one watches the files.
    let second = || thread::Builder::new().spawn(|| ()).map(|thread| thread.join());
    let both =
        thread::Builder::new().spawn(second).and_then(|first| first.join().map_or(Ok(()), |second| second.map(drop)));
    both.map_err(|error| format!("cannot start two threads: {error} (see ulimit -u)"))
}

/// Listens on this machine only.
async fn bind(port: Option<u16>) -> Result<TcpListener, String> {
    let listen = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    if let Some(port) = port {
        return listen(port).await.map_err(|error| format!("--port: {port} cannot be used: {error}"));
    }
    for port in PORT..PORT + PORTS {
        match listen(port).await {
            Ok(listener) => {
                if port != PORT {
                    complain(&format!("port {PORT} is taken, so this is port {port}"));
                }
                return Ok(listener);
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(format!("port {port} cannot be used: {error}")),
        }
    }
    Err(format!(
        "the ports {PORT} to {} are taken: choose a free one with --port, or any with --port=0",
        PORT + PORTS - 1
    ))
}

/// Opens an address that holds the token in a browser. Other users can see the arguments of a process, so the browser gets a
/// file that leads to the address and that only this user can read. The file lasts as long as the returned folder.
fn open_browser(address: &str) -> Result<TempDir, String> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("open-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    // A browser in a sandbox may not see /tmp.
    let folder = builder.tempdir_in(book::root().join("target")).or_else(|_| builder.tempdir());
    let folder = folder.map_err(|error| format!("cannot create a temporary folder: {error}"))?;
    let file = folder.path().join("reading-room.html");
    let page =
        format!("<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0; url={address}\"><title>Opening</title>");
    fs::write(&file, page).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let url = url::Url::from_file_path(&file).map_err(|()| format!("{} is not an absolute path", file.display()))?;
    opener::open_browser(url.as_str()).map_err(|error| error.to_string())?;
    Ok(folder)
}

/// The signals that close the room. One that the parent ignores stays ignored.
struct Signals(#[cfg(unix)] Vec<(u8, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self, String> {
        use nix::sys::signal::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let mut signals = Vec::new();
        for number in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            if !chapters::environment::is_ignored(number) {
                let listener = signal(SignalKind::from_raw(number as i32));
                signals.push((number as u8, listener.map_err(|error| format!("cannot listen for {number}: {error}"))?));
            }
        }
        Ok(Self(signals))
    }

    /// The number of the next signal.
    async fn next(&mut self) -> u8 {
        use std::task::Poll;
        std::future::poll_fn(|context| {
            let arrived =
                self.0.iter_mut().find_map(|(number, signal)| signal.poll_recv(context).is_ready().then_some(*number));
            arrived.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self, String> {
        Ok(Self())
    }

    /// The number that Ctrl-C has on other systems.
    async fn next(&mut self) -> u8 {
        let _ = tokio::signal::ctrl_c().await;
        2
    }
}

/// The paths that change below the shown folders.
struct Changes {
    changed: Receiver<PathBuf>,
    sender: mpsc::Sender<PathBuf>,
    watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Watches from now on.
    fn watch() -> Self {
        let (sender, changed) = mpsc::channel();
        let mut changes = Self { changed, sender, watcher: None };
        changes.watch_again();
        changes
    }

    /// Watches the folders that exist now. A watch follows the folder that it was made for, so a folder that is replaced by
    /// another one of its name needs another watch. The folders above are watched for that.
    fn watch_again(&mut self) {
        let sender = self.sender.clone();
        let send = move |event: notify::Result<notify::Event>| {
            if let Ok(event) = event
                && !matches!(event.kind, EventKind::Access(_))
            {
                event.paths.into_iter().for_each(|path| _ = sender.send(path));
            }
        };
        let watcher = notify::recommended_watcher(send).and_then(|mut watcher| {
            let root = book::root();
            watcher.watch(root, RecursiveMode::NonRecursive)?;
            watcher.watch(&root.join("chapters"), RecursiveMode::NonRecursive)?;
            for folder in SHOWN.map(|folder| root.join(folder)) {
                if folder.is_dir() {
                    watcher.watch(&folder, RecursiveMode::Recursive)?;
                }
            }
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => complain(&format!("changes of the book will not be noticed: {error}")),
        }
    }

    /// Waits for changes of the book, and until they pause. Without a change, returns after `limit`.
    fn wait(&mut self, limit: Option<Duration>) {
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            let first = match deadline {
                Some(deadline) => self.changed.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                None => self.changed.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let Ok(first) = first else { return };
            let begun = Instant::now();
            let mut changed = vec![first];
            while begun.elapsed() < MAX_DELAY
                && let Ok(path) = self.changed.recv_timeout(QUIET)
            {
                changed.push(path);
            }
            if changed.iter().any(|path| is_watched_folder(path)) {
                self.watch_again();
            }
            if changed.iter().any(|path| is_shown(path)) {
                return;
            }
        }
    }
}

/// Whether a path is one of the folders that are watched, or lies above one.
fn is_watched_folder(path: &Path) -> bool {
    path != book::root() && SHOWN.iter().any(|folder| book::root().join(folder).starts_with(path))
}

/// Whether the pages may depend on a file. They don't depend on what `mdbook build` writes into `book/book`.
fn is_shown(path: &Path) -> bool {
    let root = book::root();
    SHOWN.iter().any(|folder| path.starts_with(root.join(folder)) || root.join(folder).starts_with(path))
        && path != root
        && !path.starts_with(root.join("book/book"))
}

/// Builds the book again whenever a file has changed, for as long as the room is open.
fn rebuild(room: &Arc<Room>, mut changes: Changes) {
    let mut last_error = None;
    loop {
        changes.wait(last_error.is_some().then_some(RETRY));
        let built = Site::build();
        let error = built.as_ref().err().cloned();
        if room.publish(built) || error.is_none() && last_error.is_some() {
            let _ = say("The book has changed and is built again.");
        }
        if let Some(error) = error.as_ref().filter(|_| error != last_error) {
            complain(&format!("{error}\nThe room serves the last version that could be built."));
        }
        last_error = error;
    }
}

/// Prints a line. Only the first, which has the address, must arrive.
fn say(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
