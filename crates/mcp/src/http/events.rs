//! The events of an answer, none of them longer than allowed.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{BoxStream, StreamExt};
use hyper::body::Bytes;
use hyper::body::{Body, Frame, Incoming};
use rmcp::transport::streamable_http_client::SseError;
use sse_stream::{Sse, SseStream};
use thiserror::Error;

#[derive(Debug, Error)]
pub(super) enum EventError {
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("an event is longer than {limit} bytes")]
    TooLarge { limit: usize },
}

pub(super) fn read(body: Incoming, limit: usize) -> BoxStream<'static, Result<Sse, SseError>> {
    SseStream::new(Bounded { body, count: Count::new(limit), failed: false }).boxed()
}

/// A body whose events are counted while they pass.
struct Bounded {
    body: Incoming,
    count: Count,
    failed: bool,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = EventError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EventError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                self.failed = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            None => return Poll::Ready(None),
        };
        if let Some(data) = frame.data_ref()
            && !self.count.passes(data)
        {
            self.failed = true;
            let limit = self.count.limit;
            return Poll::Ready(Some(Err(EventError::TooLarge { limit })));
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

/// Counts the bytes since the last empty line, which ends an event.
struct Count {
    limit: usize,
    bytes: usize,
    line_is_empty: bool,
}

impl Count {
    fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, line_is_empty: true }
    }

    fn passes(&mut self, data: &[u8]) -> bool {
        for byte in data {
            match byte {
                b'\n' if self.line_is_empty => self.bytes = 0,
                b'\n' => {
                    self.line_is_empty = true;
                    self.bytes += 1;
                }
                b'\r' => {}
                _ => {
                    self.line_is_empty = false;
                    self.bytes += 1;
                }
            }
            if self.bytes > self.limit {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_one_by_one() {
        let check = |parts: &[&str], expect: bool| {
            let mut count = Count::new(10);
            let passes = parts.iter().all(|part| count.passes(part.as_bytes()));
            assert_eq!(passes, expect, "{parts:?}");
        };
        check(&["data: abc\n\n", "data: def\n\n"], true);
        check(&["data: abc\r\n", "\r\ndata: def\r\n\r\n"], true);
        check(&["data: abcdef\n\n"], false);
        check(&["data: a\n", "data: b\n\n"], false);
        check(&["data", ": ab", "cdef"], false);
    }
}
