//! A server for one test: it answers what it is told to, and remembers what
//! it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::Value;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| &**value)
    }
}

/// What is answered, byte for byte.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    parts: Vec<Vec<u8>>,
    /// Says nothing more, and waits until the other side goes away.
    holds: bool,
    /// Reads the next request from the same connection.
    keeps: bool,
}

impl Answer {
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { parts: vec![bytes.into()], ..Self::default() }
    }

    pub fn status(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self {
            keeps: true,
            ..Self::raw(format!(
                "HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n{body}"
            ))
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::status(status, "content-type: application/json\r\n", &body.to_string())
    }

    /// A stream in chunks, one for each part, and its end.
    pub fn stream(kind: &str, parts: &[&str]) -> Self {
        let mut answer = Self::open_stream(kind, parts);
        answer.parts.push(b"0\r\n\r\n".to_vec());
        answer.keeps = true;
        answer
    }

    /// A stream that has no end: the connection closes.
    pub fn open_stream(kind: &str, parts: &[&str]) -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let mut all = vec![head.into_bytes()];
        let chunk = |part: &&str| format!("{:x}\r\n{part}\r\n", part.len()).into_bytes();
        all.extend(parts.iter().filter(|part| !part.is_empty()).map(chunk));
        Self { parts: all, ..Self::default() }
    }

    pub fn events(parts: &[&str]) -> Self {
        Self::stream("text/event-stream", parts)
    }

    /// The same stream, cut between all bytes.
    pub fn bytewise(kind: &str, text: &str) -> Self {
        let mut answer = Self::open_stream(kind, &[]);
        let chunk = |byte: &u8| [b"1\r\n".to_vec(), vec![*byte], b"\r\n".to_vec()].concat();
        answer.parts.extend(text.as_bytes().iter().map(chunk));
        answer.parts.push(b"0\r\n\r\n".to_vec());
        answer.keeps = true;
        answer
    }

    pub fn holding(mut self) -> Self {
        self.holds = true;
        self.keeps = false;
        self
    }
}

type Handler = dyn Fn(&Request, usize) -> Answer + Send + Sync;

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    /// Connections that the other side closed while they were held.
    left: Mutex<usize>,
    changed: Condvar,
    connections: Mutex<usize>,
}

/// A server on this machine.
pub struct Server {
    port: u16,
    seen: Arc<Seen>,
}

impl Server {
    /// Answers with `handler`, which is told how many requests of the same
    /// path there were before.
    pub fn new(handler: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let handler: Arc<Handler> = Arc::new(handler);
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *shared.connections.lock().unwrap() += 1;
                let (seen, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                thread::spawn(move || serve(stream, &seen, &*handler));
            }
        });
        Self { port, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The requests of a path.
    pub fn asked(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    pub fn connections(&self) -> usize {
        *self.seen.connections.lock().unwrap()
    }

    /// Waits until a connection that was held is closed by the other side.
    pub fn wait_until_left(&self) {
        let mut left = self.seen.left.lock().unwrap();
        while *left == 0 {
            left = self.seen.changed.wait(left).unwrap();
        }
    }

    /// Waits until so many requests came.
    pub fn wait_for(&self, count: usize) {
        while self.requests().len() < count {
            thread::yield_now();
        }
    }
}

fn serve(stream: TcpStream, seen: &Seen, handler: &Handler) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut requests = seen.requests.lock().unwrap();
            let before = requests.iter().filter(|other| other.path == request.path).count();
            requests.push(request.clone());
            before
        };
        let answer = handler(&request, before);
        for part in &answer.parts {
            if writer.write_all(part).is_err() {
                return;
            }
        }
        if answer.holds {
            let mut rest = [0; 1024];
            while reader.read(&mut rest).is_ok_and(|count| count > 0) {}
            *seen.left.lock().unwrap() += 1;
            seen.changed.notify_all();
        }
        if !answer.keeps {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let path = words.nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Request { path, headers, body })
}
