//! The reading room's server. It serves the book to the reader on this machine and runs demos from its pages.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /PAGE` | a file of the book, or the book's page for status 404 |
//! | `GET /room/labs` | the labs that this machine can run, and their options |
//! | `POST /room/run` | `{"lab":"threads","options":{"workers":2}}`: the records of the run, as they come |
//! | `POST /room/stop` | `{"run":1}`: interrupts a run, which still writes its summary |
//! | `POST /room/input` | `{"run":1,"line":{"step":0}}`: sends a line of JSON to an interactive run |
//! | `POST /room/kill` | `{"run":1,"target":"worker-2"}`: kills a worker process; with `broker` or `leader`, a broker |
//! | `GET /room/exercises` | the names of all exercises, and of those that the reader has solved |
//! | `GET /room/build` | the number of the book's current version, and the error of a newer one |
//!
//! [`access`] decides who may send requests, [`labs`] what they can ask for, [`runs`] limits what a run may use, and
//! [`connections`] how many connections there are. axum routes the requests; the limits on the size of a request's head, on
//! the time that it may take to arrive and on idle connections are set on the HTTP connection below it, because
//! `axum::serve` has no settings for them.
//!
//! A request that follows another one on the same connection before that is answered (pipelining) hides the end of the
//! connection: a run whose reader is gone then ends only with its time limit. Browsers don't pipeline.

pub mod access;
pub mod connections;
#[cfg(target_os = "linux")]
pub mod descendants;
pub mod labs;
mod own_answers;
mod refusal;
pub mod runs;
pub mod supervisor;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, FromRequest, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use exercises::catalog::EXERCISES;
use exercises::commands::folder_in_environment;
use exercises::progress::Progress;
use futures_util::stream;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::book;
use crate::site::Site;
use access::{Access, Token};
use connections::Connections;
use labs::{LABS, Lab, Options};
use own_answers::{Guarded, SECURITY_HEADERS};
use refusal::Refusal;
use runs::Runs;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 4_096;
/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The time in which the head of a request must arrive. An idle connection is closed after this time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The time in which the body of a request must arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// The time after which a connection is closed whose reader doesn't take what is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The version of the book that the room serves.
#[derive(Clone, Default)]
struct Version {
    site: Arc<Site>,
    /// Counts the versions. Pages load again when it changes.
    number: u64,
    /// Why a newer version can't be built.
    error: Option<String>,
}

/// A room that serves a book.
pub struct Room {
    access: Access,
    version: RwLock<Version>,
    runs: Arc<Runs>,
    connections: Connections,
}

impl Room {
    /// A room on a port, for readers with a token.
    pub fn new(port: u16, token: Token) -> Arc<Self> {
        Arc::new(Self {
            access: Access::new(port, token),
            version: RwLock::default(),
            runs: Arc::default(),
            connections: Connections::default(),
        })
    }

    /// Serves another version of the book, or reports its error and keeps the last. Returns whether pages change.
    pub fn publish(&self, built: Result<Site, String>) -> bool {
        let mut version = self.version.write().unwrap_or_else(PoisonError::into_inner);
        match built {
            // An editor's temporary file or a changed time stamp makes a build, but not another version.
            Ok(site) if version.number > 0 && site == *version.site => {
                version.error = None;
                false
            }
            Ok(site) => {
                *version = Version { site: Arc::new(site), number: version.number + 1, error: None };
                true
            }
            Err(error) => {
                version.error = Some(error);
                false
            }
        }
    }

    fn version(&self) -> Version {
        self.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts connections, without an end.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let router = self.router();
        for number in 0.. {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = self.clone().connection(number, stream, router.clone());
                    self.connections.add(number, || tokio::spawn(connection).abort_handle());
                }
                // Most likely no file descriptor is free.
                Err(_) => {
                    self.connections.close_unused();
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn router(self: &Arc<Self>) -> Router {
        let room = self.clone();
        Router::new()
            .route("/room/labs", get(labs).fallback(|request| refuse_method("GET", request)))
            .route("/room/exercises", get(exercises).fallback(|request| refuse_method("GET", request)))
            .route("/room/build", get(build).fallback(|request| refuse_method("GET", request)))
            .route("/room/run", post(run).fallback(|request| refuse_method("POST", request)))
            .route("/room/stop", post(stop).fallback(|request| refuse_method("POST", request)))
            .route("/room/input", post(input).fallback(|request| refuse_method("POST", request)))
            .route("/room/kill", post(kill).fallback(|request| refuse_method("POST", request)))
            .fallback(page)
            .layer(middleware::from_fn_with_state(room.clone(), check_access))
            .layer(middleware::from_fn_with_state(room.clone(), add_security_headers))
            .with_state(room)
    }

    /// Serves the requests of one connection.
    async fn connection(self: Arc<Self>, number: u64, stream: TcpStream, router: Router) {
        // Records are sent as they come.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let room = self.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let (room, router) = (room.clone(), router.clone());
            async move {
                request.extensions_mut().insert(ConnectionNumber(number));
                let response = router.oneshot(request).await;
                room.connections.touch(number);
                response
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(Guarded::new(Box::pin(stream))), service);
        // A reader may close a connection at any time.
        let _ = connection.await;
        self.connections.remove(number);
    }
}

/// The connection that a request came on.
#[derive(Clone, Copy)]
struct ConnectionNumber(u64);

async fn labs() -> Response {
    let available = LABS.iter().filter(|lab| lab.is_available());
    let labs: BTreeMap<_, _> = available.map(|lab| (lab.name, lab.schema())).collect();
    json_response(&json!({ "labs": labs }))
}

/// The exercises, and those that were solved when they were checked last, here or in a terminal.
async fn exercises() -> Response {
    let folder = folder_in_environment().unwrap_or_else(|| book::root().to_owned());
    let progress = Progress::at(folder.join(".exercises"));
    let names: Vec<&str> = EXERCISES.iter().map(|exercise| exercise.name).collect();
    let solved: Vec<&str> = names.iter().copied().filter(|name| progress.is_solved(name)).collect();
    json_response(&json!({ "exercises": names, "solved": solved }))
}

async fn build(State(room): State<Arc<Room>>) -> Response {
    let Version { number, error, .. } = room.version();
    json_response(&json!({ "build": number, "error": error }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    lab: String,
    #[serde(default)]
    options: Options,
}

/// Runs a demo and answers with its records.
async fn run(
    State(room): State<Arc<Room>>,
    Extension(ConnectionNumber(connection)): Extension<ConnectionNumber>,
    Posted(Start { lab, options }): Posted<Start>,
) -> Result<Response, Refusal> {
    let wrong = |reason| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, reason);
    let found = Lab::find(&lab).ok_or_else(|| {
        let known: Vec<&str> = LABS.iter().map(|lab| lab.name).collect();
        wrong(format!("lab: expected one of {}, and not {lab:?}", known.join(", ")))
    })?;
    let records = room.runs.start(found, found.arguments(&options).map_err(wrong)?)?;
    let streaming = Streaming::new(room.clone(), connection);
    let records = stream::unfold((records, streaming), |(mut records, streaming)| async {
        let lines = records.recv().await?;
        Some((Ok::<_, Infallible>(lines), (records, streaming)))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(records)).into_response())
}

/// Keeps a connection open while it carries the records of a run.
struct Streaming {
    room: Arc<Room>,
    connection: u64,
}

impl Streaming {
    fn new(room: Arc<Room>, connection: u64) -> Self {
        room.connections.set_streams(connection, true);
        Self { room, connection }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.room.connections.set_streams(self.connection, false);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    run: u64,
}

async fn stop(State(room): State<Arc<Room>>, Posted(Stop { run }): Posted<Stop>) -> Result<StatusCode, Refusal> {
    room.runs.stop(run).map(|()| StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    run: u64,
    line: Value,
}

async fn input(
    State(room): State<Arc<Room>>,
    Posted(Input { run, line }): Posted<Input>,
) -> Result<StatusCode, Refusal> {
    room.runs.input(run, &line).map(|()| StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    run: u64,
    target: String,
}

async fn kill(
    State(room): State<Arc<Room>>,
    Posted(Kill { run, target }): Posted<Kill>,
) -> Result<StatusCode, Refusal> {
    room.runs.kill(run, &target).map(|()| StatusCode::NO_CONTENT)
}

async fn refuse_method(allow: &'static str, request: Request) -> Refusal {
    Refusal::method(allow, request.uri().path())
}

/// A file of the book. A browser that goes to a page that doesn't exist gets the book's own page for that, which loads again
/// when the book changes.
async fn page(State(room): State<Arc<Room>>, request: Request) -> Result<Response, Refusal> {
    let path = request.uri().path();
    if !matches!(request.method(), &Method::GET | &Method::HEAD) {
        return Err(Refusal::method("GET", path));
    }
    let site = room.version().site;
    if let Some(file) = site.get(path) {
        return Ok(([(header::CONTENT_TYPE, file.content_type.clone())], file.content.clone()).into_response());
    }
    let navigates = request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    match site.get("/404.html").filter(|_| navigates) {
        Some(file) => {
            let content_type = [(header::CONTENT_TYPE, file.content_type.clone())];
            Ok((StatusCode::NOT_FOUND, content_type, file.content.clone()).into_response())
        }
        None => Err(Refusal::new(StatusCode::NOT_FOUND, format!("{path}: the book has no such page"))),
    }
}

async fn check_access(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match room.access.check(&head) {
        Ok(None) => next.run(Request::from_parts(head, body)).await,
        Ok(Some(response)) => response,
        Err(refusal) => refusal.into_response(),
    }
}

/// Adds headers that limit what the content of a response may do in the browser, and who may see it.
async fn add_security_headers(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    // mdBook shows the table of contents in a frame where JavaScript is off.
    let frames = if request.uri().path() == "/toc.html" { "'self'" } else { "'none'" };
    let is_missing = request.uri().path() == "/404.html";
    let mut response = next.run(request).await;
    // The links of mdBook's page for status 404 are relative to the root, wherever the page appears.
    let base = if is_missing || response.status() == StatusCode::NOT_FOUND { "'self'" } else { "'none'" };
    let policy = format!(
        "default-src 'none'; script-src 'self' {}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors {frames}; base-uri {base}; \
         form-action 'none'",
        room.version().site.script_hashes()
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let headers = SECURITY_HEADERS
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .into_iter()
        .chain([(header::CONTENT_SECURITY_POLICY, policy)]);
    response.headers_mut().extend(headers);
    response
}

/// The body of a `POST`: a JSON object.
struct Posted<T>(T);

impl<T: DeserializeOwned> FromRequest<Arc<Room>> for Posted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<Room>) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let body = read_body(&head.headers, body).await?;
        let refusal =
            |error: &dyn std::fmt::Display| Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}"));
        // serde would also read the fields of a struct from an array.
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(refusal(&"expected a JSON object"));
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| refusal(&error))
    }
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    access::expect_json(headers)?;
    let too_large = || {
        let reason = format!("the body has more than {MAX_BODY} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
    };
    // The length that the head declares.
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let late =
        |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the body did not arrive within {BODY_TIMEOUT:?}"));
    match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Refusal::new(StatusCode::BAD_REQUEST, format!("the body ends early: {error}"))),
    }
}

fn json_response(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
