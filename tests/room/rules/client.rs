//! A reading room in a process of its own, and raw requests to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use reading_room::room::descendants::{Process, descendants};
use serde_json::Value;
use tempfile::TempDir;

/// The longest time that a test waits for anything. It takes a busy machine seconds, and a run ends after a minute.
pub const TIMEOUT: Duration = Duration::from_secs(180);

/// The body of a request for a run that is over at once.
pub const SHORT_RUN: &str = r#"{"lab":"threads","options":{"jobs":1,"scale":0,"until-done":true}}"#;

/// An open room. Dropping this closes it.
pub struct Room {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub host: String,
    pub token: String,
    _book: Option<SmallBook>,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Room {
    /// Opens a room for a small book of its own.
    pub fn open() -> Self {
        let book = SmallBook::new();
        let mut room = Self::open_for(&book);
        room._book = Some(book);
        room
    }

    /// Opens the room of this repository, whose book takes a second to build.
    pub fn open_for_the_book() -> Self {
        Self::open_by(&mut Command::new(env!("CARGO_BIN_EXE_reading-room")))
    }

    /// Opens a room for a small book.
    pub fn open_for(book: &SmallBook) -> Self {
        Self::open_by(Command::new(env!("CARGO_BIN_EXE_reading-room")).env("CARGO_MANIFEST_DIR", book.root()))
    }

    /// Opens a room by a command, which gets the argument `--port=0`.
    pub fn open_by(command: &mut Command) -> Self {
        let command = command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("it prints its address");
        let (_, address) = line.trim().split_once("http://").expect("it prints its address");
        let (host, token) = address.split_once("/?token=").expect("the address has a token");
        // A closed pipe would fail the room's later messages.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        Self { host: host.to_owned(), token: token.to_owned(), process, _book: None }
    }

    /// The cookie that opens the room.
    pub fn cookie(&self) -> String {
        let (_, port) = self.host.split_once(':').expect("a port");
        format!("reading-room-{port}={}", self.token)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the room.
    pub fn kill(&mut self) {
        self.process.kill().expect("it is there");
        self.process.wait().expect("it has ended");
    }

    /// Waits for the end of the room.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().expect("it ends")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("the room is open");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        stream
    }

    /// Fills in HOST and ORIGIN, and adds the cookie.
    fn complete(&self, request: &str) -> String {
        let request = request.replacen(" HTTP/1.1\r\n", &format!(" HTTP/1.1\r\nCookie: {}\r\n", self.cookie()), 1);
        self.fill_in(&request)
    }

    fn fill_in(&self, request: &str) -> String {
        request.replace("ORIGIN", &format!("http://{}", self.host)).replace("HOST", &self.host)
    }

    /// Sends a request with the cookie and returns the response. HOST and ORIGIN stand for the room's own.
    pub fn ask(&self, request: &str) -> Answer {
        self.send(&self.complete(request))
    }

    /// The same without the cookie.
    pub fn ask_as_stranger(&self, request: &str) -> Answer {
        self.send(&self.fill_in(request))
    }

    fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("the room accepts it");
        let mut all = Vec::new();
        // The room may reset a connection whose request it didn't read to the end.
        let read = stream.read_to_end(&mut all);
        assert!(read.is_ok() || !all.is_empty(), "the room answers: {read:?}");
        parse(&String::from_utf8_lossy(&all))
    }

    /// Sends a request that the room may refuse before it has read all of it, and returns the status if it arrives.
    pub fn ask_large(&self, request: &str) -> Option<u16> {
        let mut stream = self.connect();
        let _ = stream.write_all(self.complete(request).as_bytes());
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        line.split(' ').nth(1)?.parse().ok()
    }

    /// Begins a request with the cookie, and leaves the connection open.
    pub fn begin(&self, request: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(self.complete(request).as_bytes()).expect("the room accepts it");
        stream
    }

    /// The number and the error of the book's current version.
    pub fn build(&self) -> (u64, Option<String>) {
        let build: Value = serde_json::from_str(&self.get("/room/build").body).expect("JSON");
        (build["build"].as_u64().expect("a number"), build["error"].as_str().map(str::to_owned))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"))
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&post(path, body, "Connection: close\r\n"))
    }

    /// Starts a run and returns its lines as they come. Waits while the run of an earlier test ends.
    pub fn run(&self, body: &str) -> Lines {
        let (mut answer, mut head) = (None, String::new());
        eventually("another run may start", || {
            let reader = answer.insert(BufReader::new(self.begin(&post("/room/run", body, ""))));
            head.clear();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("the room answers");
            }
            !head.starts_with("HTTP/1.1 429 ")
        });
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Lines { reader: answer.expect("a response"), piece: Vec::new() }
    }

    /// The resident memory of the room, in bytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it says so");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request as a page of the room sends it, without the cookie.
pub fn post(path: &str, body: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: HOST\r\nOrigin: ORIGIN\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
}

fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    Answer { status: status.expect("a status"), headers: lines.filter_map(header).collect(), body: body.to_owned() }
}

/// The lines of a run. They come in chunks: a length in hexadecimal digits, and the bytes.
pub struct Lines {
    reader: BufReader<TcpStream>,
    piece: Vec<u8>,
}

impl Lines {
    fn chunk(&mut self) -> Option<()> {
        let mut length = String::new();
        self.reader.read_line(&mut length).ok()?;
        let length = usize::from_str_radix(length.trim(), 16).ok().filter(|length| *length > 0)?;
        let mut chunk = vec![0; length + 2];
        self.reader.read_exact(&mut chunk).ok()?;
        self.piece.extend(&chunk[..length]);
        Some(())
    }

    /// Reads the first line, which gives the run's number.
    pub fn number(&mut self) -> u64 {
        self.next().and_then(|line| line["run"].as_u64()).expect("a run has a number")
    }

    /// Reads until a line with an event.
    pub fn until(&mut self, event: &str) -> Value {
        self.find(|line| line["event"] == event).unwrap_or_else(|| panic!("there is no line {event}"))
    }
}

impl Iterator for Lines {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.piece.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.piece.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("a line is JSON"));
            }
            self.chunk()?;
        }
    }
}

/// The descendants of a process, except for zombies.
pub fn living(ancestor: u32) -> Vec<Process> {
    descendants(ancestor).into_iter().filter(|process| !process.is_zombie).collect()
}

/// Whether a process exists and isn't a zombie.
pub fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Checks that chance, or a busy machine, lets something happen in one of many attempts.
pub fn sooner_or_later(what: &str, mut happens: impl FnMut() -> bool) {
    const TRIES: usize = 30;
    assert!((0..TRIES).any(|_| happens()), "in {TRIES} attempts, it never happens that {what}");
}

/// Waits until something is true.
#[track_caller]
pub fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !is_true() {
        assert!(Instant::now() < deadline, "not within {TIMEOUT:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A repository with a book of two pages, for tests that change it.
pub struct SmallBook(TempDir);

impl SmallBook {
    pub fn new() -> Self {
        let book = Self(tempfile::tempdir().expect("a folder"));
        for folder in ["book/src", "chapters"] {
            fs::create_dir_all(book.root().join(folder)).expect("a folder");
        }
        let settings = "[book]\ntitle = \"Small\"\n";
        let summary = "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n";
        for (path, text) in [
            ("chapters/Cargo.toml", ""),
            ("book/book.toml", settings),
            ("book/src/SUMMARY.md", summary),
            ("book/src/one.md", "# One\n\nfirst\n"),
            ("book/src/two.md", "# Two\n\nsecond\n"),
        ] {
            book.write(path, text);
        }
        book
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Replaces a file at once, so that no build sees a part of it.
    pub fn write(&self, path: &str, text: &str) {
        let part = self.root().join("part");
        fs::write(&part, text).expect("a file");
        fs::rename(part, self.root().join(path)).expect("its folder is there");
    }
}
