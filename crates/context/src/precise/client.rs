//! One running server: requests and answers over its standard streams.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, secret_variables};
use serde_json::{Value, json};

use super::error::ServerError;
use super::frame::{self, FrameError};
use super::server::LanguageServer;

/// How soon somebody who cancels is heard.
const HEARD: Duration = Duration::from_millis(50);

/// Messages that wait to be taken; a server that tells more waits itself.
const WAITING: usize = 64;

/// How long a server may take to end by itself.
const FAREWELL: Duration = Duration::from_millis(300);

/// The code of an answer to a request that came too early.
const CONTENT_MODIFIED: i64 = -32_801;

/// A running server. It is ended when this is dropped.
pub struct Client {
    name: &'static str,
    child: Child,
    /// `None` once it was told to end.
    to: Option<Sender<Vec<u8>>>,
    from: Receiver<Result<Value, FrameError>>,
    next: u64,
    /// What the server said last of each file that it was shown, by addresses.
    published: RefCell<HashMap<String, Option<Published>>>,
}

/// What a server says of a file by itself.
#[derive(Clone, Debug)]
pub struct Published {
    /// The version that it speaks of, where it tells.
    version: Option<u64>,
    /// What it says of the file, as the protocol has it.
    pub diagnostics: Value,
}

impl Client {
    /// Starts a server in a folder.
    pub fn start(server: &LanguageServer, folder: &Path) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Start { program: server.program.clone(), source };
        #[allow(clippy::disallowed_methods, reason = "the one place that starts a server")]
        let mut command = Command::new(&server.program);
        for name in secret_variables() {
            command.env_remove(name);
        }
        let mut child = command
            .args(&server.arguments)
            .envs(server.environment().iter().copied())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (to, texts) = channel::<Vec<u8>>();
        let (sender, from) = sync_channel(WAITING);
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        // A server that does not read must not stop who writes.
        thread::spawn(move || {
            let Some(mut stdin) = stdin else { return };
            for text in texts {
                if stdin.write_all(&text).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        thread::spawn(move || {
            let Some(stdout) = stdout else { return };
            let mut stdout = BufReader::new(stdout);
            loop {
                let read = frame::read(&mut stdout);
                let message = read.and_then(|body| {
                    serde_json::from_slice(&body).map_err(|_| FrameError::Malformed)
                });
                let is_last = message.is_err();
                if sender.send(message).is_err() || is_last {
                    return;
                }
            }
        });
        let published = RefCell::default();
        Ok(Self { name: server.name, child, to: Some(to), from, next: 0, published })
    }

    /// Tells the server something.
    pub fn tell(&self, method: &str, parameters: &Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    /// Asks the server, and waits for its answer.
    pub fn ask(
        &mut self,
        method: &'static str,
        parameters: &Value,
        time: Duration,
        cancel: &CancelToken,
    ) -> Result<Value, ServerError> {
        let end = Instant::now() + time;
        loop {
            let answer = self.ask_once(method, parameters, end, cancel)?;
            let Some(error) = answer.get("error").filter(|error| !error.is_null()) else {
                return Ok(answer.get("result").cloned().unwrap_or_default());
            };
            let is_early = error.get("code").and_then(Value::as_i64) == Some(CONTENT_MODIFIED);
            if !is_early || Instant::now() >= end {
                let message = error.get("message").and_then(Value::as_str);
                let message = message.unwrap_or("it gave no reason").chars().take(500).collect();
                return Err(ServerError::Refused { name: self.name, method, message });
            }
            thread::sleep(HEARD);
        }
    }

    fn ask_once(
        &mut self,
        method: &'static str,
        parameters: &Value,
        end: Instant,
        cancel: &CancelToken,
    ) -> Result<Value, ServerError> {
        self.next += 1;
        let id = self.next;
        let begin = Instant::now();
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        let waited = self.wait(end, cancel, |message| {
            message.get("method").is_none() && message.get("id").and_then(Value::as_u64) == Some(id)
        })?;
        waited.ok_or_else(|| {
            self.tell("$/cancelRequest", &json!({ "id": id }));
            let time = end.saturating_duration_since(begin);
            ServerError::Silent { name: self.name, method, time }
        })
    }

    /// Keeps what the server says of a file from now on, and forgets what it
    /// said before: another text was shown to it.
    pub fn listen(&self, address: &str) {
        self.published.borrow_mut().insert(address.to_owned(), None);
    }

    /// What the server said last of a version of a file, or of a later one.
    /// What names no version is taken for the newest.
    pub fn published(&self, address: &str, version: u64) -> Option<Published> {
        let all = self.published.borrow();
        let last = all.get(address)?.as_ref()?;
        last.version.is_none_or(|of| of >= version).then(|| last.clone())
    }

    fn keep(&self, message: &Value) {
        if message["method"] != "textDocument/publishDiagnostics" {
            return;
        }
        let told = &message["params"];
        let mut all = self.published.borrow_mut();
        // A server may tell of the whole tree.
        if let Some(last) = told["uri"].as_str().and_then(|uri| all.get_mut(uri)) {
            let version = told["version"].as_u64();
            *last = Some(Published { version, diagnostics: told["diagnostics"].clone() });
        }
    }

    /// Waits for a message that fits, and answers what the server asks
    /// meanwhile. `None` once the time is over.
    pub fn wait(
        &self,
        end: Instant,
        cancel: &CancelToken,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, ServerError> {
        loop {
            if cancel.is_cancelled() {
                return Err(ServerError::Cancelled);
            }
            let left = end.saturating_duration_since(Instant::now());
            let name = self.name;
            let message = match self.from.recv_timeout(left.min(HEARD)) {
                Ok(Ok(message)) => message,
                Ok(Err(FrameError::TooLong(bytes))) => {
                    return Err(ServerError::TooLong { name, bytes });
                }
                Ok(Err(FrameError::Malformed)) => return Err(ServerError::Malformed { name }),
                Ok(Err(FrameError::Ended | FrameError::Io))
                | Err(RecvTimeoutError::Disconnected) => return Err(ServerError::Ended { name }),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(None),
                Err(RecvTimeoutError::Timeout) => continue,
            };
            self.keep(&message);
            if fits(&message) {
                return Ok(Some(message));
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                // Settings are asked for by number; all others take nothing.
                let items = message.pointer("/params/items").and_then(Value::as_array);
                let result =
                    items.map_or(Value::Null, |items| json!(vec![Value::Null; items.len()]));
                self.write(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
            }
        }
    }

    fn write(&self, message: &Value) {
        if let Some(to) = &self.to {
            // Of a server that ended the next answer tells.
            let _ = to.send(frame::framed(message.to_string().as_bytes()));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.next += 1;
        self.write(&json!({ "jsonrpc": "2.0", "id": self.next, "method": "shutdown" }));
        self.write(&json!({ "jsonrpc": "2.0", "method": "exit" }));
        // Its input ends, which servers behind a script of another program see
        // as well.
        self.to = None;
        let end = Instant::now() + FAREWELL;
        while Instant::now() < end {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
            // Who waits to be read would never end.
            while self.from.try_recv().is_ok() {}
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
