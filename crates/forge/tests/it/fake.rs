//! A host on loopback: a list of answers by method and path, and what it was
//! asked.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use mlxcode_forge::{Forge, ForgeKind, ForgeOptions, Host, Token};

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<String>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{}: ", name.to_ascii_lowercase());
        self.headers.iter().find_map(|header| header.strip_prefix(&prefix))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub struct Fake {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A status, more headers and a body.
pub type Answer = (u16, Vec<(&'static str, String)>, String);

impl Fake {
    /// Answers by `METHOD /path`; what is not listed is 404. `$HOST` in an
    /// answer is its own address.
    pub fn new(answers: Vec<(&str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers: HashMap<String, Answer> =
            answers.into_iter().map(|(what, answer)| (what.to_owned(), answer)).collect();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, own) = (asked.clone(), address.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
                let mut headers = Vec::new();
                loop {
                    let mut header = String::new();
                    reader.read_line(&mut header).unwrap();
                    if header.trim().is_empty() {
                        break;
                    }
                    let (name, value) = header.trim().split_once(": ").unwrap();
                    headers.push(format!("{}: {value}", name.to_ascii_lowercase()));
                }
                let length = headers.iter().find_map(|one| one.strip_prefix("content-length: "));
                let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                reader.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                let (status, more, text) = answers.get(&line).cloned().unwrap_or((
                    404,
                    Vec::new(),
                    r#"{"message":"Not Found"}"#.to_owned(),
                ));
                seen.lock().unwrap().push(Asked { line, headers, body });
                let text = text.replace("$HOST", &own);
                let mut answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n",
                    text.len()
                );
                for (name, value) in more {
                    answer.push_str(&format!("{name}: {}\r\n", value.replace("$HOST", &own)));
                }
                stream.write_all(format!("{answer}\r\n{text}").as_bytes()).unwrap();
            }
        });
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn forge(&self, kind: ForgeKind) -> Forge {
        let mut options = ForgeOptions::default();
        options.token = Some(Token::new("t0ken").unwrap());
        let host = Host::with_api("git.example.org", kind, &self.address).unwrap();
        Forge::new(&host, &options).unwrap()
    }
}

pub fn ok(text: impl Into<String>) -> Answer {
    (200, Vec::new(), text.into())
}
