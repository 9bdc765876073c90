//! The reading room: serves the book on this machine, to nobody else, and runs its demos from its pages.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /PAGE` | a file of the book |
//! | `GET /room/labs` | what can be run, and with which options |
//! | `POST /room/run` | `{"lab":"threads","options":{"workers":2}}`: the records of the run, as they come |
//! | `POST /room/stop` | `{"run":1}`: the run sums up and ends |
//! | `POST /room/kill` | `{"run":1,"worker":"worker-2"}`: this worker is killed |
//! | `GET /room/build` | which build of the book this is, and what is wrong with a newer one |
//!
//! Who may ask is for the [gate]; what can be asked for, for the [labs]; the [runs] are held in bounds by themselves. What
//! connects and does nothing is cut off: there is room for so many connections, and who has been idle longest has to go.

pub mod gate;
pub mod labs;
#[cfg(target_os = "linux")]
mod proc;
pub mod runs;
pub mod supervisor;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use crate::shelf::Shelf;
use gate::Gate;
use labs::{LABS, Lab};
use runs::Runs;

/// The longest that a request may be, in bytes.
const LONGEST_REQUEST: usize = 4_096;
/// How long a request may take to arrive: its head, and again its body. So long, too, a connection may do nothing.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long a reader may take nothing of what is sent.
const SLOWNESS: Duration = Duration::from_secs(20);
/// How many connections there are at once: a browser has six.
const CONNECTIONS: usize = 256;

/// Why a request is not done.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    why: String,
    /// The method that would be right, if that is what is wrong.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with a status, and what was wrong and would be right.
    pub fn new(status: StatusCode, why: String) -> Self {
        Self { status, why, allow: None }
    }

    fn answer(self) -> Answer {
        let body = json!({ "error": self.why }).to_string();
        let mut answer = answer(self.status, "application/json", Full::from(body));
        if let Some(method) = self.allow {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(method));
        }
        answer
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The book as it is now.
#[derive(Clone, Debug, Default)]
pub struct Edition {
    pub shelf: Arc<Shelf>,
    /// The how many-eth it is.
    pub build: u64,
    /// What is wrong with the pages that are newer than it.
    pub error: Option<String>,
}

/// A room with a book in it.
pub struct Room {
    gate: Gate,
    edition: RwLock<Edition>,
    runs: Arc<Runs>,
    connections: Mutex<BTreeMap<u64, Connection>>,
}

struct Connection {
    /// How many requests it has that are not answered.
    busy: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Room {
    /// A room on this port.
    pub fn new(port: u16) -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(port),
            edition: RwLock::default(),
            runs: Arc::new(Runs::new()),
            connections: Mutex::default(),
        })
    }

    /// Puts another edition of the book on the shelf, or says what is wrong with it and keeps the last.
    pub fn receive(&self, built: Result<Shelf, String>) {
        let mut edition = self.edition.write().unwrap_or_else(PoisonError::into_inner);
        match built {
            Ok(shelf) => {
                *edition = Edition { shelf: Arc::new(shelf), build: edition.build + 1, error: None };
            }
            Err(error) => edition.error = Some(error),
        }
    }

    fn edition(&self) -> Edition {
        self.edition.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets everybody in who connects, for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        for number in 0.. {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(number, stream),
                // Too many files are open, say. It passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Attends to a connection, if need be in the place of the one that has been idle longest.
    fn admit(self: &Arc<Self>, number: u64, stream: TcpStream) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if connections.len() >= CONNECTIONS {
            let idle =
                connections.iter().find(|(_, it)| it.busy.load(Ordering::Relaxed) == 0).map(|(number, _)| *number);
            match idle.and_then(|number| connections.remove(&number)) {
                Some(connection) => connection.task.abort(),
                None => return,
            }
        }
        let busy = Arc::new(AtomicUsize::new(0));
        let place = Place { room: self.clone(), number };
        let task = tokio::spawn(place.attend(stream, busy.clone())).abort_handle();
        connections.insert(number, Connection { busy, task });
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let edition = self.edition();
        let mut answer = self.answer_from(&edition, request).await.unwrap_or_else(|refusal| refusal.answer());
        for (name, value) in guards(&edition.shelf) {
            answer.headers_mut().insert(name, value);
        }
        answer
    }

    async fn answer_from(&self, edition: &Edition, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let (head, body) = request.into_parts();
        self.gate.admit(&head)?;
        let posted = async || posted(&head.headers, body).await;
        let path = head.uri.path();
        match (&head.method, path) {
            (&Method::GET, "/room/labs") => {
                let labs: BTreeMap<_, _> = LABS.iter().map(|lab| (lab.name, lab.described())).collect();
                Ok(json_answer(&json!({ "labs": labs })))
            }
            (&Method::GET, "/room/build") => {
                Ok(json_answer(&json!({ "build": edition.build, "error": edition.error })))
            }
            (&Method::POST, "/room/run") => self.run(&posted().await?),
            (&Method::POST, "/room/stop") => {
                let Stop { run } = read(&posted().await?)?;
                self.runs.stop(run).map(|()| done())
            }
            (&Method::POST, "/room/kill") => {
                let Kill { run, worker } = read(&posted().await?)?;
                self.runs.kill(run, &worker).map(|()| done())
            }
            (_, "/room/labs" | "/room/build") => Err(only("GET", path)),
            (_, "/room/run" | "/room/stop" | "/room/kill") => Err(only("POST", path)),
            (&Method::GET | &Method::HEAD, _) => match edition.shelf.get(path) {
                Some(file) => Ok(answer(StatusCode::OK, &file.kind, Full::from(file.content.clone()))),
                None => Err(Refusal::new(StatusCode::NOT_FOUND, format!("{path}: the book has no such page"))),
            },
            _ => Err(only("GET", path)),
        }
    }

    /// Runs a demo, and answers with what it says.
    fn run(&self, posted: &Bytes) -> Result<Answer, Refusal> {
        let Start { lab, options } = read(posted)?;
        let wrong = |why| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why);
        let found = Lab::find(&lab).ok_or_else(|| {
            let known: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
            wrong(format!("lab: expected one of {}, and not {lab:?}", known.join(", ")))
        })?;
        let records = self.runs.start(found, found.words(&options).map_err(wrong)?)?;
        Ok(answer(StatusCode::OK, "application/x-ndjson", Records(records)))
    }
}

/// A connection's place in the room, given up at its end.
struct Place {
    room: Arc<Room>,
    number: u64,
}

impl Place {
    async fn attend(self, stream: TcpStream, busy: Arc<AtomicUsize>) {
        // What is sent in pieces is to be seen in pieces.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(SLOWNESS));
        let service = service_fn(|request| {
            let (room, busy) = (self.room.clone(), busy.clone());
            async move {
                let busy = Busy::new(busy);
                let answer = room.answer(request).await;
                Ok::<_, Infallible>(answer.map(|body| Sent { body, _busy: busy }))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(ARRIVAL)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        // Who goes away in the middle is no error of ours.
        let _ = connection.await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.connections.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// What is counted as long as it is there.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer on its way: the connection is busy until all of it is sent.
struct Sent {
    body: UnsyncBoxBody<Bytes, Infallible>,
    _busy: Busy,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What a run says, as it comes.
struct Records(mpsc::Receiver<Bytes>);

impl Body for Records {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let lines = ready!(self.0.poll_recv(context));
        Poll::Ready(lines.map(|lines| Ok(Frame::data(lines))))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    lab: String,
    #[serde(default)]
    options: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    run: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    run: u64,
    worker: String,
}

/// The body of a request that says that it is JSON, and is not long.
async fn posted(headers: &HeaderMap, body: Incoming) -> Result<Bytes, Refusal> {
    gate::expect_json(headers)?;
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {ARRIVAL:?}"));
    match timeout(ARRIVAL, Limited::new(body, LONGEST_REQUEST).collect()).await.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let most = format!("the body has more than {LONGEST_REQUEST} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, most))
        }
        Err(error) => Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the body breaks off: {error}"))),
    }
}

/// What a body asks for.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}

fn only(method: &'static str, path: &str) -> Refusal {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Refusal { allow: Some(method), ..Refusal::new(status, format!("{path}: expected {method}")) }
}

fn done() -> Answer {
    let mut answer = Response::new(Empty::new().boxed_unsync());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

fn json_answer(value: &Value) -> Answer {
    answer(StatusCode::OK, "application/json", Full::from(value.to_string()))
}

fn answer(
    status: StatusCode,
    kind: &str,
    body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Answer {
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = status;
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

/// What every answer says to the browser about what its content may do, and who may see it.
fn guards(shelf: &Shelf) -> Vec<(HeaderName, HeaderValue)> {
    let policy = format!(
        "default-src 'none'; script-src 'self' {}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        shelf.scripts()
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    vec![
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]
}
