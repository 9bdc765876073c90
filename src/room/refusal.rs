//! The reasons why the room refuses a request, and the response with the reason.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why the room refuses a request.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    reason: String,
    /// For status 405, the method that would be right.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal with a status. The reason says what was expected.
    pub fn new(status: StatusCode, reason: String) -> Self {
        Self { status, reason, allow: None }
    }

    pub fn method(allow: &'static str, path: &str) -> Self {
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path}: expected {allow}"));
        Self { allow: Some(allow), ..refusal }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.reason }).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        if let Some(method) = self.allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(method));
        }
        response
    }
}
