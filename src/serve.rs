//! `cargo run`: opens the reading room, prints where it is, and keeps the book in it as it is in the folder.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher};
use tokio::net::TcpListener;

use crate::room::Room;
use crate::shelf::{self, Shelf};

/// Where the room is, if it is not said.
const PORT: u16 = 3000;
/// How many ports are tried then.
const TRIES: u16 = 100;
/// After so long without another change, a change is complete.
const QUIET: Duration = Duration::from_millis(60);

/// What of the repository is on the pages.
const SHOWN: [&str; 6] =
    ["book", "chapters/src", "chapters/examples", "chapters/exercises", "chapters/tests", "chapters/benches"];

/// Opens the room, on `port` or else the first free one from 3000, and serves the book until the program is ended.
///
/// # Errors
///
/// When the port is taken, or the book cannot be built at all.
pub fn serve(port: Option<u16>, open: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(async {
        let listener = bind(port).await?;
        let address = listener.local_addr().map_err(|error| format!("cannot tell the address: {error}"))?;
        let room = Room::new(address.port());
        // Who comes before the book is built waits for it.
        let changes = watch();
        let built = Shelf::build()?;
        room.receive(Ok(built));
        let keeper = room.clone();
        thread::spawn(move || keep(&keeper, changes));
        let address = format!("http://{address}");
        say(&format!(
            "The reading room is open at {address}\nCtrl-C closes it; `cargo run -- --help` says what else there is."
        ));
        if open && let Err(error) = opener::open_browser(&address) {
            complain(&format!("cannot open a browser: {error}"));
        }
        room.serve(listener).await;
        Ok(())
    })
}

/// Listens on this machine, and nowhere else.
async fn bind(port: Option<u16>) -> Result<TcpListener, String> {
    let listen = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    if let Some(port) = port {
        return listen(port).await.map_err(|error| format!("--port: {port} cannot be used: {error}"));
    }
    for port in PORT..PORT + TRIES {
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
        "the ports {PORT} to {} are taken: name a free one with --port, or any with --port=0",
        PORT + TRIES - 1
    ))
}

/// Says which files change, from now on.
fn watch() -> Option<(notify::RecommendedWatcher, Receiver<PathBuf>)> {
    let (changed, changes) = mpsc::channel();
    let tell = move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !matches!(event.kind, EventKind::Access(_))
        {
            event.paths.into_iter().for_each(|path| _ = changed.send(path));
        }
    };
    let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
        for folder in SHOWN {
            watcher.watch(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), RecursiveMode::Recursive)?;
        }
        Ok(watcher)
    });
    match watcher {
        Ok(watcher) => Some((watcher, changes)),
        Err(error) => {
            complain(&format!("changes of the book will not be seen: {error}"));
            None
        }
    }
}

/// Builds the book again whenever what it is built from has changed.
fn keep(room: &Arc<Room>, changes: Option<(notify::RecommendedWatcher, Receiver<PathBuf>)>) {
    let Some((_watcher, changes)) = changes else { return };
    // What stock mdBook builds lies in the folder that is watched, and is not read.
    let built = shelf::book().join("book");
    while let Ok(changed) = changes.recv() {
        let mut is_shown = !changed.starts_with(&built);
        while let Ok(changed) = changes.recv_timeout(QUIET) {
            is_shown |= !changed.starts_with(&built);
        }
        if is_shown {
            let shelf = Shelf::build();
            match &shelf {
                Ok(_) => say("The book is built again."),
                Err(error) => complain(&format!("{error}\nThe pages are the last that could be built.")),
            }
            room.receive(shelf);
        }
    }
}

/// Says something to whoever started the room, if somebody listens.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
