//! A reading room of its own for a test, and what comes to it: requests, byte by byte as they are here.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// No answer is silent for longer than this: a run ends after a minute, if it has said nothing.
const LONGEST: Duration = Duration::from_secs(90);

/// Nothing of a run is left after this time.
pub const SECOND: Duration = Duration::from_secs(1);

/// A room that is open. It closes when this is dropped.
pub struct Room {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub host: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Room {
    pub fn open() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_reading-room"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        let (_, host) = line.trim().split_once("http://").expect("it says where it is");
        Self { host: host.to_owned(), process }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the room without a chance to do anything.
    pub fn kill(&mut self) {
        self.process.kill().expect("it is there");
        self.process.wait().expect("it has ended");
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("the room is open");
        stream.set_read_timeout(Some(LONGEST)).expect("a timeout");
        stream
    }

    /// Sends a request, in which HOST and ORIGIN stand for the room's own, and gives the answer.
    pub fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        let origin = format!("http://{}", self.host);
        let request = request.replace("ORIGIN", &origin).replace("HOST", &self.host);
        stream.write_all(request.as_bytes()).expect("the room listens");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("the room answers");
        parse(&String::from_utf8_lossy(&all))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"))
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&post(path, body, "Connection: close\r\n"))
    }

    /// Starts a run, and gives the lines of the answer as they come. The run of a promise before may only just have ended, and
    /// still have the place.
    pub fn run(&self, body: &str) -> Lines {
        let (mut answer, mut head) = (None, String::new());
        within(SECOND, "a place for a run", || {
            let mut stream = self.connect();
            let request = post("/room/run", body, "").replace("ORIGIN", &format!("http://{}", self.host));
            stream.write_all(request.replace("HOST", &self.host).as_bytes()).expect("the room listens");
            let reader = answer.insert(BufReader::new(stream));
            head.clear();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).expect("the room answers");
            }
            !head.starts_with("HTTP/1.1 429 ")
        });
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Lines { reader: answer.expect("it has been asked"), piece: Vec::new() }
    }

    /// How many bytes of memory the room has.
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

/// A request that a page of the room would send.
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

/// The lines of a run, which come in chunks: a length in hexadecimal digits, and so many bytes.
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

    /// Reads on until a line of this event.
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

/// The processes that descend from one, and the name of each, as long as they are not dead.
pub fn descendants(ancestor: u32) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").expect("there are processes").flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let (Some((pid, _)), Some((_, rest))) = (stat.split_once(" ("), stat.rsplit_once(") ")) else { continue };
        let mut rest = rest.split(' ');
        let (state, parent) = (rest.next().unwrap_or_default(), rest.next().unwrap_or_default());
        if state != "Z" {
            let name = stat[pid.len() + 2..].split(')').next().unwrap_or_default().to_owned();
            all.push((pid.parse::<u32>().expect("a number"), parent.parse::<u32>().expect("a number"), name));
        }
    }
    let mut found = vec![ancestor];
    let mut named = Vec::new();
    let mut next = 0;
    while let Some(ancestor) = found.get(next).copied() {
        for (pid, _, name) in all.iter().filter(|(_, parent, _)| *parent == ancestor) {
            found.push(*pid);
            named.push((*pid, name.clone()));
        }
        next += 1;
    }
    named
}

/// Whether a process is there and not dead.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Waits for what has to come, within so long.
#[track_caller]
pub fn within(limit: Duration, what: &str, mut has_come: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !has_come() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
