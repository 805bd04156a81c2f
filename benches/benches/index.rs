//! The index of a tree: how long it takes to build, to bring up to date and to
//! search, and what it takes of disk and memory.
//!
//! `cargo bench -p mlxcode-benches --bench index -- TREE` measures that tree,
//! which is copied first; without one, copies of this repository's sources.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes files, starts programs, prints, and stops when its ground is missing"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mlxcode_benches::{Measured, grow, measure, measure_in_turn, ratio};
use mlxcode_core::{CancelToken, CodeIndex, Dirs, RelPath, SearchKind, SearchOptions, Workspace};

const BUILDS: usize = 5;
const RUNS: usize = 11;
const FILES: usize = 2_500;

/// Questions, names, messages and paths, as people ask.
const QUERIES: [&str; 20] = [
    "where are ignore rules matched against a path?",
    "how is a string with escapes parsed?",
    "temporary directory removed on drop",
    "connection timeout",
    "hash map resize",
    "how does the tokenizer split identifiers?",
    "where is the configuration file read?",
    "who decides which kernel is used",
    "convert a number to a string",
    "write all bytes and flush the buffer",
    "parse_str",
    "BufReader",
    "Parser::parse",
    "from_utf8",
    "error: cannot borrow as mutable",
    "thread panicked: index out of bounds",
    "src/lib.rs",
    "mod.rs",
    "encode base64",
    "unicode case folding",
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root");
    let temp = tempfile::tempdir().expect("a temporary folder");
    let tree = temp.path().join("tree");
    match std::env::args().skip(1).find(|argument| !argument.starts_with("--")) {
        Some(given) => copy(Path::new(&given), &tree),
        None => grow(&tree, &root.join("crates"), FILES).expect("a tree of source files"),
    }
    // What was written this moment is hashed at each update.
    std::thread::sleep(Duration::from_secs(3));
    let bytes: u64 = files(&tree).iter().map(|file| size(file)).sum();
    println!("{} files, {bytes} bytes", files(&tree).len());

    let workspace = |name: &str| {
        let dirs = Dirs::under(&temp.path().join(name));
        Workspace::open(&tree, &dirs).expect("a workspace")
    };
    let update = |index: &CodeIndex| index.update(&CancelToken::new(), &()).expect("an update");
    let mut build = 0;
    let cold = measure(BUILDS, || {
        build += 1;
        update(&workspace(&format!("home_{build}")).index().expect("an index"));
    });
    report("cold index", &cold, Duration::from_secs(4));

    let place = workspace("home_1");
    let opened = measure(RUNS, || {
        update(&place.index().expect("an index"));
    });
    report("nothing changed, from opening on", &opened, Duration::from_millis(150));
    let index = place.index().expect("an index");
    println!(
        "index: {} bytes, {:.2} of the tree",
        size(index.path()),
        size(index.path()) as f64 / bytes as f64
    );

    let mut known = index.files().expect("files").into_iter();
    let edited: RelPath = known
        .find(|path| path.as_path().extension().is_some_and(|ending| ending == "rs"))
        .expect("a source file");
    let full = tree.join(edited.as_path());
    let text = fs::read_to_string(&full).expect("a text");
    let mut round = 0;
    let mut edit = || {
        round += 1;
        fs::write(&full, format!("{text}\nfn added_{round}() {{}}\n")).expect("an edit");
    };
    let alone = measure(RUNS, || {
        edit();
        let one = std::slice::from_ref(&edited);
        index.update_files(one, &CancelToken::new(), &()).expect("an update");
    });
    report("one file changed, and named", &alone, Duration::from_millis(30));
    let found = measure(RUNS, || {
        edit();
        update(&index);
    });
    report("one file changed, and looked for", &found, Duration::from_millis(150));

    for kind in [SearchKind::Auto, SearchKind::Lexical, SearchKind::Symbol] {
        let options = SearchOptions::default().kind(kind);
        let mut times = Vec::new();
        for query in QUERIES.repeat(5) {
            let time = measure(1, || {
                index.search(query, &options).expect("hits");
            });
            times.push(time.median());
        }
        report(
            &format!("search, {}", kind.as_str()),
            &Measured::from(times),
            Duration::from_millis(15),
        );
    }
    text_search(&place, &tree);
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        println!("peak memory of all of this: {}", peak.trim_start_matches("VmHWM:").trim());
    }
}

/// Beside ripgrep, where that is installed: our function beside its process,
/// which starts in some milliseconds.
fn text_search(place: &Workspace, tree: &Path) {
    let options = SearchOptions::default().kind(SearchKind::Text).limit(usize::MAX);
    for query in ["unsafe", "fn from_utf8"] {
        let mut ours = || {
            place.find(query, &options, &()).expect("hits");
        };
        let installed = Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !installed {
            println!("text, `{query}`: {}; no ripgrep here", measure(RUNS, ours));
            continue;
        }
        let mut rival = || {
            let run = Command::new("rg")
                .args(["--hidden", "--line-number", "--fixed-strings", "--smart-case", query])
                .current_dir(tree)
                .stdout(Stdio::null())
                .status();
            assert!(run.expect("ripgrep starts").code().is_some_and(|code| code < 2));
        };
        let times = measure_in_turn(RUNS, &mut [&mut ours, &mut rival]);
        let [ours, rival] = [&times[0], &times[1]];
        println!("text, `{query}`: {ours}; ripgrep {rival}; {:.2} times ours", ratio(ours, rival));
    }
}

fn report(what: &str, measured: &Measured, limit: Duration) {
    let verdict = if measured.median() <= limit { "within" } else { "OVER" };
    println!("{what}: {measured}, {verdict} {} ms", limit.as_millis());
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |meta| meta.len())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
