//! Adds the security headers to the responses that hyper sends by itself.
//!
//! hyper answers a request whose head it can't parse, or whose head is too large, without asking the service: status 400,
//! 414 or 431, an empty body, and the end of the connection. Its settings can't add headers to such a response. So
//! [`Guarded`], a layer between hyper and the socket, recognizes the response by its first bytes, which no response of
//! the service has, and inserts them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The headers that every response has, in addition to a content security policy.
pub const SECURITY_HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

/// The first headers of a response that hyper sends by itself, after the status line.
const OWN: &[u8] = b"connection: close\r\ncontent-length: 0\r\n";

/// A connection on which every response has the security headers.
pub struct Guarded<S> {
    stream: S,
    /// Bytes that hyper has written, to be sent before anything else.
    pending: BytesMut,
}

impl<S> Guarded<S> {
    /// Guards a stream.
    pub fn new(stream: S) -> Self {
        Self { stream, pending: BytesMut::new() }
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    fn poll_write_pending(&mut self, context: &mut Context) -> Poll<io::Result<()>> {
        while self.pending.has_remaining() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(context, &self.pending))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.pending.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    /// If hyper sends this response by itself, keeps it with the headers added, and returns its length.
    fn add_headers(&mut self, response: &[u8]) -> Option<usize> {
        let line_end = response.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let (line, rest) = response.split_at(line_end);
        if !line.starts_with(b"HTTP/1.1 4") || !rest.starts_with(OWN) {
            return None;
        }
        self.pending.extend_from_slice(line);
        let policy = ("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
        for (name, value) in SECURITY_HEADERS.into_iter().chain([policy]) {
            self.pending.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        self.pending.extend_from_slice(rest);
        Some(response.len())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_pending(context))?;
        match self.add_headers(bytes) {
            Some(length) => Poll::Ready(Ok(length)),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context,
        slices: &[IoSlice],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_pending(context))?;
        let first = slices.iter().find(|slice| !slice.is_empty());
        match first.and_then(|first| self.add_headers(first)) {
            Some(length) => Poll::Ready(Ok(length)),
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        ready!(self.poll_write_pending(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        ready!(self.poll_write_pending(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
