//! Who may come in. That the room listens on this machine alone keeps nobody out: every page in the reader's browser, from
//! wherever it is, can send requests here. So a request says whom it is for and where it comes from, and is let in by that.
//!
//! - `Host` has to be one of a few names. A page whose own name was made to lead here (DNS rebinding) sends that name.
//! - `Sec-Fetch-Site`, which browsers set and pages cannot, has to say that the request comes from the room's own pages, or
//!   from nobody's. Only to follow a link to a page is allowed to everybody.
//! - What has effects also needs an `Origin` that is the room's own, and a body that says it is JSON: a browser asks before
//!   it sends such a thing anywhere else, and is not told that it may.
//!
//! Sources: the [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/) and [Fetch](https://fetch.spec.whatwg.org/)
//! standards.

use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::Refusal;

/// By what names the room can be called.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The room's own names, as they stand in requests.
#[derive(Clone, Debug)]
pub struct Gate {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Gate {
    /// The gate of a room on this port.
    pub fn new(port: u16) -> Self {
        let mut hosts: Vec<String> = NAMES.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            hosts.extend(NAMES.map(str::to_owned));
        }
        let origins = hosts.iter().map(|host| format!("http://{host}")).collect();
        Self { hosts, origins }
    }

    /// Lets a request in.
    ///
    /// # Errors
    ///
    /// When it is for somebody else (421), or comes from somebody else (403).
    pub fn admit(&self, request: &Parts) -> Result<(), Refusal> {
        let host = only(&request.headers, HOST).filter(|host| self.hosts.iter().any(|it| it == host));
        let named = request.uri.authority().is_none_or(|named| self.hosts.iter().any(|it| it == named.as_str()));
        if host.is_none() || !named {
            let hosts = self.hosts.join(", ");
            return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, format!("Host: this is {hosts}")));
        }
        let origin = request.headers.get(ORIGIN).map(|_| only(&request.headers, ORIGIN).unwrap_or_default());
        let is_ours = |origin: &str| self.origins.iter().any(|it| it == origin);
        if origin.is_some_and(|origin| !is_ours(origin)) || origin.is_none() && request.method == Method::POST {
            let origins = self.origins.join(", ");
            return Err(Refusal::new(StatusCode::FORBIDDEN, format!("Origin: expected one of {origins}")));
        }
        let fetch = |name| only(&request.headers, HeaderName::from_static(name));
        let follows_a_link = request.method == Method::GET
            && fetch("sec-fetch-mode") == Some("navigate")
            && fetch("sec-fetch-dest") == Some("document")
            && !request.uri.path().starts_with("/room/");
        match request.headers.get("sec-fetch-site").map(|_| fetch("sec-fetch-site")) {
            None | Some(Some("same-origin" | "none")) => Ok(()),
            Some(_) if follows_a_link => Ok(()),
            Some(_) => {
                Err(Refusal::new(StatusCode::FORBIDDEN, "Sec-Fetch-Site: expected same-origin or none".to_owned()))
            }
        }
    }
}

/// Holds a request to saying that its body is JSON.
///
/// # Errors
///
/// When it does not (415).
pub fn expect_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = only(headers, CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    match kind.trim().eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => {
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type: expected application/json".to_owned()))
        }
    }
}

/// The value of a header that is there once, and is text.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}
