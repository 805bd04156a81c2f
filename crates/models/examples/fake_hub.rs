//! A hub on loopback, to try pulls without the network.
//!
//! ```console
//! $ cargo run -p mlxcode-models --example fake_hub -- --port 8000 --pace 5000000 org/name=FOLDER
//! $ HF_ENDPOINT=http://127.0.0.1:8000 mlx-code models pull hf:org/name
//! ```
//!
//! Each `REPO=FOLDER` publishes the files of a folder as the branch `main` of a
//! repository; those of 10 KB or more are large ones, which lie on another
//! port. `--pace` is in bytes a second of each connection. `--fail
//! PATH=FAULT[,TIMES]` lets answers with a file go wrong: `status:503`,
//! `cut:BYTES`, `stall:BYTES`, `corrupt:BYTE`, `no-range` or `page`. `--token`
//! wants a token.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for developers, which stops at what it does not understand"
)]

#[path = "../tests/fake_hub/mod.rs"]
mod fake_hub;

use std::fs;
use std::path::Path;
use std::time::Duration;

use fake_hub::{FakeFile, FakeHub, Fault};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).cloned()
    };
    let port = value("--port").unwrap_or_else(|| "0".to_owned());
    let hub = FakeHub::start_at(&format!("127.0.0.1:{port}"));
    if let Some(pace) = value("--pace") {
        hub.set_pace(pace.parse().unwrap());
    }
    if let Some(token) = value("--token") {
        hub.want_token(&token);
    }
    if let Some((path, fault)) = value("--fail").as_deref().and_then(|text| text.split_once('=')) {
        let (fault, times) = fault.split_once(',').unwrap_or((fault, "1"));
        hub.fail(path, self::fault(fault), times.parse().unwrap());
    }
    for (at, arg) in args.iter().enumerate() {
        let option = at > 0 && args[at - 1].starts_with("--");
        if let (false, Some((repo, folder))) = (option, arg.split_once('=')) {
            let mut files = Vec::new();
            collect(Path::new(folder), "", &mut files);
            let commit = hub.publish(repo, "main", files);
            eprintln!("hf:{repo}@{commit}");
        }
    }
    println!("HF_ENDPOINT={}", hub.endpoint());
    loop {
        std::thread::sleep(Duration::from_hours(1));
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<FakeFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            let large = bytes.len() >= 10_000;
            files.push(if large {
                FakeFile::large(&path, bytes)
            } else {
                FakeFile::small(&path, bytes)
            });
        }
    }
}

fn fault(text: &str) -> Fault {
    let (name, number) = text.split_once(':').unwrap_or((text, "0"));
    let number: u64 = number.parse().unwrap();
    match name {
        "status" => Fault::Status(number as u16, None),
        "cut" => Fault::Cut(number),
        "stall" => Fault::Stall(number),
        "corrupt" => Fault::Corrupt(number),
        "no-range" => Fault::NoRange,
        "page" => Fault::ErrorPage,
        _ => panic!("`{text}` is no fault"),
    }
}
