//! A process that appends to a session, killed at random moments; and two that
//! append at once.
//!
//! The first takes half a minute, so it is run by name:
//! `cargo test -p mlxcode-agent --test killed -- --ignored --nocapture`.
//! `MLX_CODE_KILLS` sets how often, 100 times where it is not set.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files and processes they need")]
#![allow(
    clippy::print_stdout,
    reason = "the child tells what it did; what was seen is worth knowing"
)]

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use mlxcode_agent::session_store::{NewRecord, NewSession, RecordKind, SessionId, SessionStore};
use serde_json::json;

const FILE: &str = "MLX_CODE_KILLED_GROUND";
const SESSION: &str = "MLX_CODE_KILLED_SEED";
const COUNT: &str = "MLX_CODE_KILLED_COUNT";
const KILLS: &str = "MLX_CODE_KILLS";

/// The process that is killed: it appends tokens, and says of each that it is
/// kept.
#[test]
#[ignore = "a part of the next ones"]
fn child() {
    let Some(path) = env::var_os(FILE).map(PathBuf::from) else { return };
    let id: SessionId = env::var(SESSION).unwrap().parse().unwrap();
    let count: u64 = env::var(COUNT).unwrap().parse().unwrap();
    let store = SessionStore::open(&path).unwrap();
    let mut output = std::io::stdout();
    for number in 0..count {
        let record = if number % 50 == 49 {
            NewRecord::new(1, RecordKind::Event, json!({ "number": number }))
        } else {
            NewRecord::text(1, &format!("t{number} "))
        };
        store.append(&id, &record).unwrap();
        writeln!(output, "kept {number}").unwrap();
    }
}

fn spawn(path: &Path, id: &SessionId, count: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(FILE, path)
        .env(SESSION, id.as_str())
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The numbers that a session holds, in order.
fn numbers(store: &SessionStore, id: &SessionId) -> Vec<u64> {
    let mut numbers = Vec::new();
    store
        .for_each(id, |record| {
            match record.data["number"].as_u64() {
                Some(number) => numbers.push(number),
                None => numbers.extend(
                    record
                        .said()
                        .unwrap()
                        .split_whitespace()
                        .map(|word| word[1..].parse::<u64>().unwrap()),
                ),
            }
            Ok(())
        })
        .unwrap();
    numbers
}

#[test]
#[ignore = "takes half a minute"]
fn what_was_appended_survives_being_killed() {
    let kills: u64 = env::var(KILLS).map_or(100, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.sqlite3");
    let (mut told, mut more) = (0, 0);
    for round in 0..kills {
        let store = SessionStore::open(&path).unwrap();
        let id = store.create(&NewSession::default()).unwrap();
        drop(store);
        let mut child = spawn(&path, &id, u64::MAX);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Moments without an order (Knuth's MMIX generator).
        let moment = (round + 1).wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let reader = thread::spawn(move || {
            let mut kept = 0_u64;
            while let Some(Ok(line)) = lines.next() {
                // A last line that was cut off is none.
                if let Some(number) = line.rsplit_once("kept ").map(|(_, number)| number) {
                    kept = number.parse::<u64>().map_or(kept, |number| number + 1);
                }
            }
            kept
        });
        thread::sleep(Duration::from_micros(20_000 + moment % 300_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = reader.join().unwrap();
        let store = SessionStore::open(&path).unwrap();
        let found = numbers(&store, &id);
        assert_eq!(found, (0..found.len() as u64).collect::<Vec<_>>(), "round {round}");
        // The one that was on its way may be there or not.
        let found = found.len() as u64;
        assert!(found == kept || found == kept + 1, "round {round}: {kept} told, {found} there");
        told += kept;
        more += found - kept;
        assert_eq!(SessionStore::repair(&path).unwrap().damage, None, "round {round}");
    }
    println!("{kills} kills, {told} tokens told as kept, all there; {more} more were on their way");
    assert!(kills < 50 || told > 1_000, "nothing was appended");
}

#[test]
fn two_processes_append_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.sqlite3");
    let store = SessionStore::open(&path).unwrap();
    let id = store.create(&NewSession::default()).unwrap();
    let children = [spawn(&path, &id, 120), spawn(&path, &id, 120)];
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let mut found = numbers(&store, &id);
    assert_eq!(found.len(), 240);
    found.sort_unstable();
    let twice: Vec<u64> = (0..120).flat_map(|number| [number, number]).collect();
    assert_eq!(found, twice);
}
