//! Decides which requests the room answers. The room listens on this machine only, but that keeps out neither the pages of
//! other sites, which can send requests from the reader's browser, nor the other users of the machine. Each request must pass
//! three checks:
//!
//! 1. `Host` must be one of the room's names. A page whose domain resolves to this machine (DNS rebinding) sends its own.
//! 2. `Sec-Fetch-Site` and `Origin`, which browsers set and pages can't change, must say that the request comes from the
//!    room's own pages or from the address bar. Links from other sites may lead to a page of the book. A `POST` must have an
//!    `Origin`, and its body must be JSON: a browser sends that to another site only after asking it, and the room says no.
//! 3. A cookie must hold the room's token: 32 random bytes, drawn when the room opens and printed as part of its address.
//!    Opening that address sets the cookie, and the room redirects to the page itself. Any user can connect to the port
//!    and send the right headers, but only the reader sees the token. The cookie is `SameSite=Strict`, so other sites can't
//!    use it, and `HttpOnly`, so scripts can't read it.
//!
//! Jupyter does the same. The alternative, looking up the user of the other end in `/proc/net/tcp`, works only on Linux and
//! doesn't tell containers apart. Two limits remain: browsers send a cookie to every port of a host, so another server on
//! 127.0.0.1 that the reader visits learns the token; and root can read it anyway.
//!
//! Sources: the [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/) and [Fetch](https://fetch.spec.whatwg.org/)
//! standards, and [RFC 6265bis](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis) on cookies.

use std::fmt::Write;

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;

/// The host names of the room.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// The page for a browser without the cookie.
const NO_TOKEN: &str = include_str!("no_token.html");

/// The page for a link from another site. A browser doesn't send the cookie with it, but does when the page loads itself.
const LOAD_AGAIN: &str = "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0\"><title>Loading</title>";

/// The secret that shows that a request comes from the reader.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Draws a token.
    ///
    /// # Errors
    ///
    /// When the system can't supply random numbers.
    pub fn random() -> Result<Self, String> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| format!("cannot draw a token: {error}"))?;
        let mut text = String::new();
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The token as text, for the address of the room.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is this token. The time that this takes depends on hashes, so it doesn't reveal a prefix.
    fn is(&self, text: &str) -> bool {
        Sha256::digest(text) == Sha256::digest(&self.0)
    }
}

/// The checks of one room.
pub struct Access {
    hosts: Vec<String>,
    token: Token,
    /// The port is part of the name because browsers share cookies among the ports of a host.
    cookie: String,
}

impl Access {
    /// The checks of a room on a port.
    pub fn new(port: u16, token: Token) -> Self {
        let mut hosts: Vec<String> = NAMES.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            hosts.extend(NAMES.map(str::to_owned));
        }
        Self { hosts, token, cookie: format!("reading-room-{port}") }
    }

    /// Checks a request. A response is the answer instead of the requested page: the redirect that sets the cookie, or a page
    /// that explains how to open the room.
    ///
    /// # Errors
    ///
    /// When the request is for another host (421), comes from another site, or lacks the token (403).
    pub fn check(&self, request: &Parts) -> Result<Option<Response>, Refusal> {
        let host = only(&request.headers, header::HOST).filter(|host| self.hosts.iter().any(|it| it == host));
        let Some(host) = host.filter(|host| request.uri.authority().is_none_or(|named| named.as_str() == *host)) else {
            let hosts = self.hosts.join(" or ");
            return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, format!("Host: expected {hosts}")));
        };
        let origin = request.headers.contains_key(header::ORIGIN).then(|| only(&request.headers, header::ORIGIN));
        let is_ours = |origin: Option<&str>| origin == Some(&format!("http://{host}"));
        if !origin.map_or(request.method != Method::POST, is_ours) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, format!("Origin: expected http://{host}")));
        }
        let fetch = |name| only(&request.headers, HeaderName::from_static(name));
        let is_page = request.method == Method::GET && !request.uri.path().starts_with("/room/");
        let is_link =
            is_page && fetch("sec-fetch-mode") == Some("navigate") && fetch("sec-fetch-dest") == Some("document");
        let site = request.headers.contains_key("sec-fetch-site").then(|| fetch("sec-fetch-site"));
        let is_foreign = !matches!(site, None | Some(Some("same-origin" | "none")));
        if is_foreign && !is_link {
            let expected = "Sec-Fetch-Site: expected same-origin or none".to_owned();
            return Err(Refusal::new(StatusCode::FORBIDDEN, expected));
        }
        self.check_token(request, is_page, is_foreign)
    }

    fn check_token(&self, request: &Parts, is_page: bool, is_foreign: bool) -> Result<Option<Response>, Refusal> {
        if is_page
            && let Some((token, rest)) = request.uri.query().and_then(split_token)
            && self.token.is(token)
        {
            return Ok(Some(self.redirect(request.uri.path(), &rest)));
        }
        if self.has_cookie(&request.headers) {
            return Ok(None);
        }
        match (is_page, is_foreign) {
            (true, true) => Ok(Some(page(StatusCode::OK, LOAD_AGAIN))),
            (true, false) => Ok(Some(page(StatusCode::FORBIDDEN, NO_TOKEN))),
            (false, _) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                format!("Cookie: expected {}=TOKEN, with the token from the printed address", self.cookie),
            )),
        }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|it| it.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && self.token.is(value))
    }

    /// Sets the cookie and leads to the same page without the token, so that the token stays out of the history.
    fn redirect(&self, path: &str, query: &str) -> Response {
        // Two slashes would begin the name of another host.
        let path = path.trim_start_matches('/');
        let separator = if query.is_empty() { "" } else { "?" };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.token.0);
        let headers = [(header::LOCATION, format!("/{path}{separator}{query}")), (header::SET_COOKIE, cookie)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

/// The token in a query, and the rest of the query.
fn split_token(query: &str) -> Option<(&str, String)> {
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
    Some((token, rest.join("&")))
}

fn page(status: StatusCode, text: &'static str) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    (status, [(header::CONTENT_TYPE, html)], Body::from(text)).into_response()
}

/// Checks that a request declares its body as JSON.
///
/// # Errors
///
/// When it doesn't (415).
pub fn expect_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type = only(headers, header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    match content_type.trim().eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => {
            let expected = "Content-Type: expected application/json".to_owned();
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, expected))
        }
    }
}

/// The value of a header that occurs once and is text.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn answer(access: &Access, path: &str, cookie: Option<&str>, site: &str) -> Result<Option<Response>, Refusal> {
        let request = Request::get(path).header("host", "127.0.0.1:3000").header("sec-fetch-site", site);
        let request = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        let request = cookie.into_iter().fold(request, |request, cookie| request.header("cookie", cookie));
        access.check(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn the_printed_address_sets_a_cookie_that_opens_every_page() {
        let token = Token::random().expect("random numbers");
        let access = Access::new(3000, token.clone());
        let response = answer(&access, &format!("//evil.example/gil.html?a=1&token={}", token.0), None, "none");
        let response = response.expect("it is accepted").expect("a redirect");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["location"], "/evil.example/gil.html?a=1");
        let cookie = response.headers()["set-cookie"].to_str().expect("text").to_owned();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().expect("a pair");
        for path in ["/", "/gil.html", "/room/labs"] {
            let cookies = format!("theme=dark; {cookie}");
            assert!(answer(&access, path, Some(&cookies), "same-origin").is_ok_and(|it| it.is_none()), "{path}");
        }
    }

    #[test]
    fn a_wrong_token_opens_nothing() {
        let access = Access::new(3000, Token::random().expect("random numbers"));
        for (path, cookie) in [
            ("/", None),
            ("/gil.html?token=", None),
            ("/gil.html?token=0123", None),
            ("/gil.html", Some("reading-room-3000=")),
            ("/gil.html", Some("reading-room-3001=0123")),
        ] {
            let response = answer(&access, path, cookie, "none").expect("a page").expect("a page");
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {cookie:?}");
            let foreign = answer(&access, path, cookie, "cross-site").expect("a page").expect("a page");
            assert_eq!(foreign.status(), StatusCode::OK, "{path} {cookie:?}");
        }
        let refusal = answer(&access, "/room/build", None, "none").expect_err("it is refused");
        assert_eq!(refusal.status, StatusCode::FORBIDDEN);
    }
}
