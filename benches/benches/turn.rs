//! What a turn of a conversation takes besides the model: a scripted one
//! answers at once, so that all time is ours.
//!
//! `cargo bench -p mlxcode-benches --bench turn -- TREE` measures over that
//! tree, which is only read; without one, over copies of this repository's
//! sources.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes files, prints, and stops when its ground is missing"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use mlxcode_benches::grow;
use mlxcode_core::{
    CancelToken, Dirs, Event, Model, ScriptedModel, SessionSetup, TurnEnd, Workspace,
};

/// Where the process that builds the index is told the folder.
const HOME: &str = "MLX_CODE_BENCH_HOME";

const TURNS: usize = 100;
const FILES: usize = 5_000;

/// What models of these days have; some turns make the conversation shorter,
/// for which the model is asked too.
const CONTEXT: usize = 32 << 10;
const LIMIT: Duration = Duration::from_millis(30);

/// The most memory of a session that waits, in KiB.
const MOST_KIB: u64 = 60 << 10;

const QUESTIONS: [&str; 10] = [
    "where are ignore rules matched against a path?",
    "how is a string with escapes parsed?",
    "who removes the temporary directory?",
    "what happens on a connection timeout?",
    "how does the tokenizer split identifiers?",
    "where is the configuration file read?",
    "which kernel is used, and who decides it?",
    "how is a number converted to a string?",
    "is every byte written before the buffer is flushed?",
    "what does the error about a borrowed value mean?",
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root");
    let temp = tempfile::tempdir().expect("a temporary folder");
    let tree = if let Some(given) =
        std::env::args().skip(1).find(|argument| !argument.starts_with("--"))
    {
        PathBuf::from(given)
    } else {
        let tree = temp.path().join("tree");
        grow(&tree, &root.join("crates"), FILES).expect("a tree of source files");
        // What was written this moment is hashed at each update.
        std::thread::sleep(Duration::from_secs(3));
        tree
    };
    let home = match std::env::var_os(HOME) {
        Some(home) => PathBuf::from(home),
        None => temp.path().join("home"),
    };
    let workspace = Workspace::open(&tree, &Dirs::under(&home)).expect("a workspace");
    if std::env::var_os(HOME).is_none() {
        // What builds an index takes memory that a session does not need.
        let built = workspace.index().map(|index| index.path().to_owned());
        build_elsewhere(&tree, &home, &built.expect("an index"));
    } else {
        let index = workspace.index().expect("an index");
        index.update(&CancelToken::new(), &()).expect("an update");
        return;
    }
    let replies = vec!["It stands in the file above."; 4 * TURNS];
    let model = Model::new(ScriptedModel::new(replies).with_context_length(CONTEXT));
    let session = workspace.session(&model, SessionSetup::default()).expect("a session");
    let ask = |question: &str| {
        let begun = Instant::now();
        for event in session.ask(question).expect("a turn") {
            if let Event::Finished { reason, .. } = event {
                assert_eq!(reason, TurnEnd::Done);
            }
        }
        begun.elapsed()
    };
    println!("the first turn: {:.0?}", ask(QUESTIONS[0]));
    let mut times: Vec<Duration> = (0..TURNS).map(|turn| ask(QUESTIONS[turn % 10])).collect();
    times.sort_unstable();
    let (p50, p95) = (times[TURNS / 2], times[TURNS * 95 / 100]);
    let verdict = if p95 <= LIMIT { "within" } else { "OVER" };
    println!("a turn besides the model: p50 {p50:.1?}, p95 {p95:.1?}, {verdict} {LIMIT:?}");
    if let Some(kib) = resident_kib() {
        let verdict = if kib <= MOST_KIB { "within" } else { "OVER" };
        println!("memory of the session that waits: {kib} KiB, {verdict} {MOST_KIB}");
    }
}

/// Lets another process build the index.
fn build_elsewhere(tree: &Path, home: &Path, index: &Path) {
    let program = std::env::current_exe().expect("this program");
    let built = Command::new(program).arg(tree).env(HOME, home).status();
    assert!(built.is_ok_and(|status| status.success()) && index.is_file());
}

fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
