//! Sessions on the disk: opening one of 10,000 turns, appending tokens,
//! searching what was said, forking, counting.
//!
//! `cargo bench -p mlxcode-benches --bench sessions`

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints, and stops when its ground is missing"
)]

use std::path::Path;
use std::time::Duration;

use mlxcode_agent::session_store::{
    EditOutcome, NewRecord, NewSession, SessionFilter, SessionId, SessionStore,
};
use mlxcode_benches::{Measured, measure};
use mlxcode_models::{FinishReason, Finished, Timings, Usage};
use serde_json::json;

const TURNS: u32 = 10_000;
const RUNS: usize = 31;
const OPEN_LIMIT: Duration = Duration::from_millis(50);

/// Words of questions and answers; each turn has some of them.
const WORDS: [&str; 16] = [
    "parser",
    "journal",
    "budget",
    "socket",
    "retry",
    "window",
    "token",
    "border",
    "cache",
    "rename",
    "symbol",
    "thread",
    "queue",
    "prefix",
    "index",
    "permission",
];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sessions.sqlite3");
    let grown = measure(1, || grow(&path));
    println!("grow a session of {TURNS} turns, seven records each: {grown}");
    let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    println!("the file takes {:.1} MB", size as f64 / 1e6);

    let open = measure(RUNS, || {
        let store = SessionStore::open(&path).expect("it opens");
        let id = store.latest().expect("it is listed").expect("there is one");
        let opened = store.open_session(&id).expect("it is read");
        assert_eq!((opened.summary.turns, opened.newest.records.len()), (TURNS, 140));
    });
    report("open the file and the session, read its newest 20 turns", &open, Some(OPEN_LIMIT));
    let store = SessionStore::open(&path).expect("it opens");
    let id = store.latest().expect("it is listed").expect("there is one");
    let page = measure(RUNS, || {
        let page = store.page_before(&id, 35_000, 20).expect("it is read");
        assert_eq!(page.records.len(), 140);
    });
    report("read 20 turns in its middle", &page, None);
    let list = measure(RUNS, || {
        assert_eq!(store.list(&SessionFilter::default()).expect("it is listed").len(), 1);
    });
    report("list", &list, None);
    for query in ["parser budget", "\"journal budget\"", "question5000", "perm*"] {
        let search = measure(RUNS, || {
            assert!(!store.search(query, 20).expect("it is searched").is_empty(), "{query}");
        });
        report(&format!("search {query}, 20 hits"), &search, None);
    }
    let stats = measure(5, || {
        assert_eq!(store.stats(0, u64::MAX).expect("it is counted").queries, u64::from(TURNS));
    });
    report("count the work of all turns", &stats, None);
    append(&store, &id);
    let fork = measure(1, || {
        store.fork(&id, TURNS, None).expect("it is forked");
    });
    report("fork it", &fork, None);
    let export = measure(1, || {
        let text = store.export(&id).expect("it is exported").to_json();
        assert!(text.len() > 1_000_000);
    });
    report("export it as JSON", &export, None);
    let check = measure(1, || {
        assert!(SessionStore::repair(&path).expect("it is read").damage.is_none());
    });
    report("look at every byte", &check, None);
    let delete = measure(1, || store.delete(&id).expect("it is deleted"));
    report("delete it, of which a fork shares most", &delete, None);
}

fn append(store: &SessionStore, id: &SessionId) {
    let mut number = 0;
    let pieces = measure(2_000, || {
        number += 1;
        store.append(id, &NewRecord::text(TURNS, &format!("word{number} "))).expect("it is kept");
    });
    report("append a token", &pieces, None);
    let records = measure(500, || {
        store.append(id, &NewRecord::user(TURNS, "a question of some words")).expect("it is kept");
    });
    report("append a record that is found by its words", &records, None);
    let sync = measure(RUNS, || {
        store.append(id, &NewRecord::text(TURNS, "end")).expect("it is kept");
        store.sync().expect("it is on the disk");
    });
    report("append and wait for the disk", &sync, None);
}

fn grow(path: &Path) {
    let store = SessionStore::open(path).expect("it opens");
    let id = store.create(&NewSession::default()).expect("it begins");
    let mut records = Vec::new();
    for turn in 1..=TURNS {
        let words: Vec<&str> =
            (0..6).map(|n| WORDS[(turn as usize * 7 + n * n * 5) % WORDS.len()]).collect();
        let words = words.join(" ");
        let finished = Finished {
            reason: FinishReason::Stop,
            usage: Usage { prompt_tokens: 4_000, completion_tokens: 300 },
            timings: Timings { prefill_ms: 900.0, decode_ms: 4_000.0 },
        };
        let call = json!({"tool": "read", "path": "src/main.rs", "result": "x ".repeat(400)});
        records.extend([
            NewRecord::user(turn, &format!("question{turn} about {words}")),
            NewRecord::new(turn, "event", json!({"context": ["a.rs", "b.rs"], "tokens": 3_900})),
            NewRecord::new(turn, "event", call),
            NewRecord::text(turn, &format!("The {words} answer. ").repeat(12)),
            NewRecord::edit(turn, EditOutcome::Proposed, 2),
            NewRecord::edit(turn, EditOutcome::Applied, 2),
            NewRecord::generation(turn, "tiny", &finished),
        ]);
        if records.len() > 7_000 {
            store.append_all(&id, &records).expect("they are kept");
            records.clear();
        }
    }
    store.append_all(&id, &records).expect("they are kept");
    store.sync().expect("it is on the disk");
}

fn report(what: &str, measured: &Measured, limit: Option<Duration>) {
    match limit {
        Some(limit) => {
            let verdict = if measured.median() <= limit { "within" } else { "OVER" };
            println!("{what}: {measured}, {verdict} {} ms", limit.as_millis());
        }
        None => println!("{what}: {measured}"),
    }
}
