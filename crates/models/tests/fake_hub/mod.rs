//! A hub on loopback, with faults by script.
//!
//! It has two ports: the hub's own, which lists repositories and hands out
//! small files, and one that large files are redirected to, as the public hub
//! does. It counts the bytes that it sends of each file.

#![allow(dead_code, reason = "each test uses some of it")]

mod answer;
mod http;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use sha1::{Digest, Sha1};
use sha2::Sha256;

/// What goes wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, and so many seconds in `Retry-After`.
    Status(u16, Option<u64>),
    /// The connection is closed after so many bytes of the body.
    Cut(u64),
    /// Nothing comes any more after so many bytes.
    Stall(u64),
    /// One byte each so many milliseconds.
    Trickle(u64),
    /// This byte of the file is another one.
    Corrupt(u64),
    /// Ranges are not heard of.
    NoRange,
    /// No range is ever right.
    NoSuchRange,
    /// `Content-Length` says so many bytes more, or less.
    WrongLength(i64),
    /// A page for people, with the status 200.
    ErrorPage,
    /// Another `ETag` with each answer.
    ChangedEtag,
    /// Another part than was asked for.
    OtherRange,
    /// A body without a length.
    Chunked,
}

/// A file of a repository.
#[derive(Clone, Debug)]
pub struct FakeFile {
    pub path: String,
    pub bytes: Arc<Vec<u8>>,
    /// Whether it is a large file, which lies elsewhere.
    pub lfs: bool,
    /// A file of the same bytes, which the system sends by itself.
    pub stored: Option<PathBuf>,
    /// Computed once: it names the file in every request.
    sums: Arc<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    git: OnceLock<String>,
    sha256: OnceLock<String>,
}

/// One request, as it was seen.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: BTreeMap<String, String>,
    /// Whether it came to the port of large files.
    pub elsewhere: bool,
}

#[derive(Default)]
struct Script {
    /// By path: what goes wrong, and how often still.
    faults: BTreeMap<String, (Fault, u64)>,
    /// By repository: what is answered in place of its listing.
    refusals: BTreeMap<String, (u16, &'static str)>,
    repos: BTreeMap<String, Repo>,
    sent: BTreeMap<String, u64>,
    requests: Vec<Request>,
    token: Option<String>,
}

#[derive(Default)]
struct Repo {
    /// By commit.
    commits: BTreeMap<String, Vec<FakeFile>>,
    /// By branch.
    branches: BTreeMap<String, String>,
}

struct State {
    script: Mutex<Script>,
    stopped: AtomicBool,
    answers: AtomicU64,
    /// Bytes a second of each connection; 0 for no limit.
    pace: AtomicU64,
    hub: SocketAddr,
    elsewhere: SocketAddr,
}

/// The hub; ends when it is dropped.
pub struct FakeHub {
    state: Arc<State>,
}

/// Entries of a page of the listing.
const PAGE: usize = 3;

impl FakeHub {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    pub fn start_at(address: &str) -> Self {
        Self::listen(TcpListener::bind(address).unwrap(), TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// One whose system sends by this rule of congestion (`tcp(7)`), whatever
    /// the machine is set to.
    #[cfg(target_os = "linux")]
    pub fn start_sending_by(congestion: &str) -> Self {
        let [hub, elsewhere] = [(); 2].map(|()| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            // What is accepted inherits it.
            rustix::net::sockopt::set_tcp_congestion(&listener, congestion).unwrap();
            listener
        });
        Self::listen(hub, elsewhere)
    }

    /// Only Linux lets a program choose.
    #[cfg(not(target_os = "linux"))]
    pub fn start_sending_by(_congestion: &str) -> Self {
        Self::start()
    }

    fn listen(hub: TcpListener, elsewhere: TcpListener) -> Self {
        let state = Arc::new(State {
            script: Mutex::default(),
            stopped: AtomicBool::new(false),
            answers: AtomicU64::new(0),
            pace: AtomicU64::new(0),
            hub: hub.local_addr().unwrap(),
            elsewhere: elsewhere.local_addr().unwrap(),
        });
        for (listener, large) in [(hub, false), (elsewhere, true)] {
            let state = Arc::clone(&state);
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if state.stopped.load(Ordering::Acquire) {
                        return;
                    }
                    let state = Arc::clone(&state);
                    thread::spawn(move || http::serve(&state, stream, large));
                }
            });
        }
        Self { state }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.state.hub)
    }

    /// Sets a branch of a repository to these files; gives the commit.
    pub fn publish(&self, repo: &str, branch: &str, files: Vec<FakeFile>) -> String {
        let mut sum = Sha1::new();
        for file in &files {
            sum.update(&file.path);
            sum.update(&**file.bytes);
        }
        let commit = hex(&sum.finalize());
        let mut script = self.script();
        let repo = script.repos.entry(repo.to_owned()).or_default();
        repo.commits.insert(commit.clone(), files);
        repo.branches.insert(branch.to_owned(), commit.clone());
        commit
    }

    /// Lets the next answers with a file go wrong.
    pub fn fail(&self, path: &str, fault: Fault, times: u64) {
        self.script().faults.insert(path.to_owned(), (fault, times));
    }

    /// All is well again.
    pub fn heal(&self) {
        let mut script = self.script();
        script.faults.clear();
        script.refusals.clear();
    }

    /// Answers every question about a repository with a status and the hub's
    /// own code for it.
    pub fn refuse(&self, repo: &str, status: u16, code: &'static str) {
        self.script().refusals.insert(repo.to_owned(), (status, code));
    }

    /// Shows repositories to who has this token only.
    pub fn want_token(&self, token: &str) {
        self.script().token = Some(token.to_owned());
    }

    /// Bytes a second of each connection.
    pub fn set_pace(&self, bytes_per_second: u64) {
        self.state.pace.store(bytes_per_second, Ordering::Release);
    }

    /// Bytes of a file that were sent so far.
    pub fn sent(&self, path: &str) -> u64 {
        self.script().sent.get(path).copied().unwrap_or(0)
    }

    /// Counts from nothing again.
    pub fn forget(&self) {
        let mut script = self.script();
        script.sent.clear();
        script.requests.clear();
    }

    /// Waits until it sends nothing any more to who went away.
    pub fn settle(&self) {
        let total = || self.script().sent.values().sum::<u64>();
        let mut before = total();
        loop {
            thread::sleep(Duration::from_millis(100));
            let now = total();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Writes the body of one plain answer, over one connection.
    pub fn download(&self, path: &str, to: &mut dyn Write) {
        let mut stream = TcpStream::connect(self.state.hub).unwrap();
        let host = self.state.hub;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut from = BufReader::with_capacity(1 << 20, stream);
        let mut left = 0;
        loop {
            let mut line = String::new();
            from.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(length) = line.strip_prefix("content-length: ") {
                left = length.parse().unwrap();
            }
        }
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            let read = from.read(&mut buffer).unwrap();
            assert!(read > 0, "{path} ended too early");
            to.write_all(&buffer[..read]).unwrap();
            left -= read;
        }
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.script().requests.clone()
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.state.script.lock().unwrap()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::Release);
        for address in [self.state.hub, self.state.elsewhere] {
            // The listeners look up from their wait.
            let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        }
    }
}

impl FakeFile {
    pub fn small(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(path, bytes.into(), false)
    }

    pub fn large(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(path, bytes.into(), true)
    }

    fn new(path: &str, bytes: Vec<u8>, lfs: bool) -> Self {
        let bytes = Arc::new(bytes);
        Self { path: path.to_owned(), bytes, lfs, stored: None, sums: Arc::default() }
    }

    /// Where the same bytes lie as a file. Answers without a fault are then sent
    /// from there as a server for real would, without passing through this
    /// program.
    pub fn stored_at(self, place: &Path) -> Self {
        Self { stored: Some(place.to_owned()), ..self }
    }

    /// What git calls it.
    pub fn git(&self) -> String {
        let sum = || {
            let mut sum = Sha1::new_with_prefix(format!("blob {}\0", self.bytes.len()));
            sum.update(&**self.bytes);
            hex(&sum.finalize())
        };
        self.sums.git.get_or_init(sum).clone()
    }

    pub fn sha256(&self) -> String {
        self.sums.sha256.get_or_init(|| hex(&Sha256::digest(&**self.bytes))).clone()
    }

    /// What the cache calls it.
    pub fn checksum(&self) -> String {
        if self.lfs { self.sha256() } else { self.git() }
    }
}

/// Bytes without a pattern, by Marsaglia's xorshift64.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
