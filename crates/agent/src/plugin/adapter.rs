//! Models that a plugin runs: a program that speaks `OpenAI`'s protocol on a
//! port of this machine.
//!
//! In the manifest:
//!
//! ```json
//! {"models": {"adapters": [{
//!     "name": "mine",
//!     "command": ["${PLUGIN_ROOT}/serve", "--port", "${PORT}"],
//!     "models": ["mine-7b"],
//!     "path": "/v1",
//!     "startTimeout": 60
//! }]}}
//! ```
//!
//! `${PORT}` is a port that was free a moment before. A program that chooses
//! one itself leaves it out and prints one line, `{"port": 4711}`, first. It
//! is there when `GET /v1/models` answers with success. It is ended by its
//! process group, so it need not tidy up, also where this program is killed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, Root};
use serde::Serialize;
use serde_json::Value;

use super::command::with_root;
use super::service::Service;
use super::{PluginError, PluginProblem};
use crate::program::Group;

/// How long an adapter may take to answer where it says nothing, and at most:
/// large models take minutes to load.
const START_SECONDS: u64 = 60;
const LONGEST_SECONDS: u64 = 900;

/// How often it is asked whether it is there.
const PAUSE: Duration = Duration::from_millis(50);

/// How long what an adapter wrote before it ended is waited for: it is there
/// already, unless a process that it left behind still holds its output.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long one such question may take.
const ASK: Duration = Duration::from_secs(2);

/// How much of its error output is kept, and how long a first line may be.
const TAIL_BYTES: usize = 8 << 10;
const MOST_LINE_BYTES: u64 = 4 << 10;

/// How many adapters a plugin may have.
const MOST_ADAPTERS: usize = 20;

/// A program that runs models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ModelAdapter {
    /// The plugin's name.
    pub plugin: String,
    /// Its name, which stands before its models': `name/model`.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The models that it has, where its author says.
    pub models: Vec<String>,
    /// What stands before `/models` and `/chat/completions` in its addresses.
    pub path: String,
    /// How long it may take to answer.
    pub start_seconds: u64,
    /// The plugin's folder.
    pub root: PathBuf,
}

/// An adapter that answers. It ends when this is dropped.
#[derive(Debug)]
pub struct RunningAdapter {
    base_url: String,
    /// Ended before what it watches.
    _watch: Option<Group>,
    process: Group,
}

impl RunningAdapter {
    /// Where it is asked, such as `http://127.0.0.1:4711/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        !self.process.has_ended()
    }
}

impl ModelAdapter {
    /// Starts it and waits until it answers. It inherits `environment`
    /// without the variables that hold secrets.
    ///
    /// # Errors
    /// Where it cannot be started, ends, or does not answer in time, and where
    /// the work was cancelled.
    pub fn start(
        &self,
        environment: BTreeMap<OsString, OsString>,
        cancel: &CancelToken,
    ) -> Result<RunningAdapter, PluginError> {
        let failed =
            |reason: String| PluginError::AdapterFailed { name: self.name.clone(), reason };
        let chosen = if self.command.iter().any(|word| word.contains("${PORT}")) {
            Some(free_port().map_err(|error| failed(format!("no port is free: {error}")))?)
        } else {
            None
        };
        let port_text = chosen.map(|port| port.to_string()).unwrap_or_default();
        let mut words = self
            .command
            .iter()
            .map(|word| with_root(word, &self.root).replace("${PORT}", &port_text));
        let program = words.next().unwrap_or_default();
        let mut added: Vec<(OsString, OsString)> =
            vec![("PLUGIN_ROOT".into(), self.root.clone().into())];
        if chosen.is_some() {
            added.push(("PORT".into(), port_text.clone().into()));
        }
        let watching = environment.clone();
        let (args, folder) = (words.collect(), self.root.clone());
        let service = Service { program, args, folder, environment, added };
        let mut process = service
            .start(Stdio::null())
            .map_err(|error| failed(format!("`{}` cannot be started: {error}", service.program)))?;
        let watch = watch(&process, &self.root, watching);
        let first_line = first_line(process.child().stdout.take());
        let (tail, tail_ends) = tail(process.child().stderr.take());
        let words = || {
            let tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            match String::from_utf8_lossy(&tail).trim() {
                "" => String::new(),
                words => format!("; it wrote:\n{words}"),
            }
        };
        let deadline = Instant::now() + Duration::from_secs(self.start_seconds);
        let mut port = chosen;
        loop {
            if cancel.is_cancelled() {
                return Err(PluginError::Cancelled);
            }
            if process.has_ended() {
                let status = process.end().map(|status| status.to_string()).unwrap_or_default();
                // What it wrote last may still be on its way.
                let _ = tail_ends.recv_timeout(LAST_WORDS);
                return Err(failed(format!("it ended ({status}){}", words())));
            }
            if port.is_none() {
                port = match first_line.try_recv() {
                    Ok(line) => Some(told_port(&line).ok_or_else(|| {
                        failed(format!(
                            "its first line is not {{\"port\": NUMBER}}: {}",
                            line.trim()
                        ))
                    })?),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
                };
            }
            if let Some(port) = port
                && answers(port, &format!("{}/models", self.path))
            {
                let base_url = format!("http://127.0.0.1:{port}{}", self.path);
                return Ok(RunningAdapter { base_url, _watch: watch, process });
            }
            if Instant::now() >= deadline {
                let seconds = self.start_seconds;
                return Err(failed(format!("not within {seconds} s{}", words())));
            }
            thread::sleep(PAUSE);
        }
    }
}

/// A shell that ends the adapter's group when this program is gone, however it
/// went: what it reads from ends then. Without one, the adapter is ended where
/// this program ends in order.
#[cfg(unix)]
fn watch(
    process: &Group,
    folder: &Path,
    environment: BTreeMap<OsString, OsString>,
) -> Option<Group> {
    let script = "read _; kill -KILL \"-$1\"".to_owned();
    let args = vec!["-c".to_owned(), script, "sh".to_owned(), process.id().to_string()];
    let (program, folder) = ("/bin/sh".to_owned(), folder.to_owned());
    let service = Service { program, args, folder, environment, added: Vec::new() };
    service.start(Stdio::piped()).ok()
}

#[cfg(not(unix))]
fn watch(_: &Group, _: &Path, _: BTreeMap<OsString, OsString>) -> Option<Group> {
    None
}

/// Reads the adapters of a manifest.
pub(super) fn read_all(
    plugin: &str,
    root: &Root,
    path: &Path,
    models: &Value,
    problems: &mut Vec<PluginProblem>,
) -> Vec<ModelAdapter> {
    let listed = models.get("adapters").and_then(Value::as_array);
    let mut adapters: Vec<ModelAdapter> = Vec::new();
    for adapter in listed.into_iter().flatten().take(MOST_ADAPTERS) {
        match read(plugin, root, adapter) {
            Ok(adapter) if adapters.iter().any(|known| known.name == adapter.name) => {
                let text = format!("there is another adapter called `{}`", adapter.name);
                problems.push(PluginProblem { path: path.to_owned(), line: None, text });
            }
            Ok(adapter) => adapters.push(adapter),
            Err(reason) => {
                let text = format!("a model adapter is left out: {reason}");
                problems.push(PluginProblem { path: path.to_owned(), line: None, text });
            }
        }
    }
    adapters
}

fn read(plugin: &str, root: &Root, adapter: &Value) -> Result<ModelAdapter, &'static str> {
    let texts = |name: &str| -> Option<Vec<String>> {
        adapter.get(name)?.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let name = adapter.get("name").and_then(Value::as_str).unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(allowed) {
        return Err("its `name` is no word of letters, digits, `-`, `_` and `.`");
    }
    let command = texts("command").filter(|command| !command.is_empty());
    let path = adapter.get("path").and_then(Value::as_str).unwrap_or("/v1");
    let path = path.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !path.is_empty() && (!path.starts_with('/') || !path.chars().all(plain)) {
        return Err("its `path` is no path such as /v1");
    }
    let seconds = adapter.get("startTimeout").and_then(Value::as_u64).unwrap_or(START_SECONDS);
    Ok(ModelAdapter {
        plugin: plugin.to_owned(),
        name: name.to_owned(),
        command: command.ok_or("its `command` is no list of a program and its arguments")?,
        models: texts("models").unwrap_or_default(),
        path: path.to_owned(),
        start_seconds: seconds.clamp(1, LONGEST_SECONDS),
        root: root.path().to_owned(),
    })
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn told_port(line: &str) -> Option<u16> {
    let document: Value = serde_json::from_str(line).ok()?;
    u16::try_from(document.get("port")?.as_u64()?).ok().filter(|port| *port > 0)
}

/// Whether a question to this machine is answered with success.
fn answers(port: u16, path: &str) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, ASK) else { return false };
    let bounded = stream.set_read_timeout(Some(ASK)).and(stream.set_write_timeout(Some(ASK)));
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    if bounded.is_err() || stream.write_all(request.as_bytes()).is_err() {
        return false;
    }
    let mut head = Vec::new();
    let _ = stream.take(16).read_to_end(&mut head);
    head.strip_prefix(b"HTTP/1.")
        .is_some_and(|rest| rest.get(1..5).is_some_and(|code| code.starts_with(b" 2")))
}

/// The first line of the output; what comes after is read away.
fn first_line(output: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = output {
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            let _ = output.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line);
            if !line.is_empty() {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
            let _ = std::io::copy(&mut output, &mut std::io::sink());
        });
    }
    receiver
}

/// The end of the error output, and a receiver that nothing comes to and that
/// is cut off when there will be no more.
fn tail(output: Option<impl Read + Send + 'static>) -> (Arc<Mutex<Vec<u8>>>, Receiver<()>) {
    let tail = Arc::new(Mutex::new(Vec::new()));
    let (reads, ends) = mpsc::channel();
    if let Some(mut output) = output {
        let tail = Arc::clone(&tail);
        thread::spawn(move || {
            let _reads = reads;
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend_from_slice(&bytes[..read]);
                let surplus = tail.len().saturating_sub(TAIL_BYTES);
                tail.drain(..surplus);
            }
        });
    }
    (tail, ends)
}
