//! The protocol over a program's input and output: a line is a message.
//!
//! rmcp's own reader drops a line that is too long without a word, and who
//! asked would wait until time runs out. This one answers for it.

use std::io;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, NumberOrString, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use crate::log::Record;

/// The numbers of errors that never came from a server: one was made for an
/// answer that is too long, or that cannot be read.
pub(crate) const TOO_LARGE: i32 = -32_990;
pub(crate) const UNREADABLE: i32 = -32_991;

/// How much of the two ends of a long line is kept, to see whom it answers.
const END_BYTES: usize = 256;

pub(crate) struct Stdio {
    read: BufReader<ChildStdout>,
    line: Vec<u8>,
    /// The line is too long: what is kept are its beginning and its end.
    long: bool,
    most_bytes: usize,
    write: Arc<Mutex<Option<ChildStdin>>>,
    record: Arc<Record>,
}

impl Stdio {
    pub(crate) fn new(
        stdin: ChildStdin,
        stdout: ChildStdout,
        most_bytes: usize,
        record: Arc<Record>,
    ) -> Self {
        Self {
            read: BufReader::new(stdout),
            line: Vec::new(),
            long: false,
            most_bytes: most_bytes.max(4 * END_BYTES),
            write: Arc::new(Mutex::new(Some(stdin))),
            record,
        }
    }

    /// Reads on until a line is whole. Nothing is lost where this is dropped
    /// while it waits: what was read lies in `self`.
    async fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let available = self.read.fill_buf().await?;
            if available.is_empty() {
                return Ok(false);
            }
            let newline = available.iter().position(|byte| *byte == b'\n');
            let taken = newline.map_or(available.len(), |at| at + 1);
            self.line.extend_from_slice(&available[..newline.unwrap_or(taken)]);
            self.read.consume(taken);
            if self.long || self.line.len() > self.most_bytes {
                self.long = true;
                let surplus = self.line.len().saturating_sub(2 * END_BYTES);
                self.line.drain(END_BYTES..END_BYTES + surplus);
                self.line.shrink_to(8 * END_BYTES);
            }
            if newline.is_some() {
                return Ok(true);
            }
        }
    }

    /// The message in the line, if it is one.
    fn message(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.long) {
            let text = format!("a message is longer than {} bytes", self.most_bytes);
            self.record.log("error", Some("mlx-code".to_owned()), &text);
            return answered(&line).map(|id| failure(id, TOO_LARGE, text));
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        match serde_json::from_slice(line) {
            Ok(message) => Some(message),
            Err(error) => {
                let start = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                let text = format!("a line is no message of the protocol ({error}): {start}");
                self.record.log("warning", Some("mlx-code".to_owned()), &text);
                wrong_shape(line).map(|id| failure(id, UNREADABLE, error.to_string()))
            }
        }
    }
}

impl Transport<RoleClient> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let write = Arc::clone(&self.write);
        async move {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            match write.lock().await.as_mut() {
                Some(stdin) => {
                    stdin.write_all(&line).await?;
                    stdin.flush().await
                }
                None => Err(io::ErrorKind::NotConnected.into()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        while self.read_line().await.ok()? {
            if let Some(message) = self.message() {
                return Some(message);
            }
        }
        None
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        // One that does not read keeps a writer waiting, and so the pipe; the
        // process is ended all the same.
        if let Ok(mut write) = self.write.try_lock() {
            write.take();
        }
        Ok(())
    }
}

fn failure(id: RequestId, code: i32, message: String) -> RxJsonRpcMessage<RoleClient> {
    JsonRpcMessage::error(ErrorData::new(ErrorCode(code), message, None), Some(id))
}

/// Whom a long line answers, by its two ends. Servers write the number first
/// or last; within, it could be part of what they say.
fn answered(ends: &[u8]) -> Option<RequestId> {
    let (head, tail) = ends.split_at(ends.len().min(END_BYTES));
    let head: String = String::from_utf8_lossy(head).split_whitespace().collect();
    let tail: String = String::from_utf8_lossy(tail).split_whitespace().collect();
    let head = head.strip_prefix('{')?;
    let head = head.strip_prefix("\"jsonrpc\":\"2.0\",").unwrap_or(head);
    let first = head.strip_prefix("\"id\":").and_then(|rest| rest.split_once(','));
    let last = || {
        let tail = tail.strip_suffix(",\"jsonrpc\":\"2.0\"}").or_else(|| tail.strip_suffix('}'))?;
        tail.rsplit_once(",\"id\":")
    };
    let digits = match first {
        Some((digits, _)) => digits,
        None => last()?.1,
    };
    digits.parse().ok().map(NumberOrString::Number)
}

/// Whom a document answers that is one, but not of the right shape.
fn wrong_shape(line: &[u8]) -> Option<RequestId> {
    let document: serde_json::Value = serde_json::from_slice(line).ok()?;
    if document.get("method").is_some() {
        return None;
    }
    document.get("id")?.as_i64().map(NumberOrString::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_tells_whom_it_answers() {
        let middle = "x".repeat(1000);
        let check = |line: String, expect: Option<i64>| {
            let bytes = line.as_bytes();
            let mut ends = bytes[..END_BYTES].to_vec();
            ends.extend(&bytes[bytes.len() - END_BYTES..]);
            assert_eq!(answered(&ends), expect.map(NumberOrString::Number), "{line}");
        };
        check(format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"a":"{middle}"}}}}"#), Some(7));
        check(format!(r#"{{"id": 8, "jsonrpc": "2.0", "result": "{middle}"}}"#), Some(8));
        check(format!(r#"{{"result":{{"a":"{middle}"}},"jsonrpc":"2.0","id":9}}"#), Some(9));
        check(format!(r#"{{"result":"{middle}","id":10,"jsonrpc":"2.0"}}"#), Some(10));
        check(format!(r#"{{"jsonrpc":"2.0","result":{{"a":"{middle}","id":3}}}}"#), None);
        check(format!(r#"{{"jsonrpc":"2.0","method":"m","params":"{middle}"}}"#), None);
        check("x".repeat(1000), None);
    }
}
