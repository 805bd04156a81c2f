//! Follows a tree and measures how soon its index knows of an edit.
//!
//! `cargo run --release -p mlxcode-context --example watch -- TREE INDEX [COUNT]`
//! writes to COUNT files of TREE, which should be a copy: to the end of each,
//! then beside it and over it as editors do, then new files.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use mlxcode_base::{CancelToken, Language, RelPath, Root};
use mlxcode_context::{CodeIndex, WalkOptions, Watch, WatchEvent};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (tree, index, count) = match arguments.as_slice() {
        [tree, index] => (tree, index, 20),
        [tree, index, count] => (tree, index, count.parse()?),
        _ => return Err("usage: watch TREE INDEX [COUNT]".into()),
    };
    let root = Root::open(Path::new(tree))?;
    let index = CodeIndex::open(Path::new(index), &root, WalkOptions::default())?;
    let begin = Instant::now();
    let mut watch = Watch::start(index, &CancelToken::new())?;
    let Some(WatchEvent::Ready(updated)) = watch.next() else { return Err("not ready".into()) };
    println!("{} files, ready in {:.0?}", updated.added + updated.unchanged, begin.elapsed());
    let all: Vec<RelPath> = {
        let index = CodeIndex::open(Path::new(&arguments[1]), &root, WalkOptions::default())?;
        let is_code =
            |path: &RelPath| Language::from_path(path.as_path()).is_some_and(Language::is_code);
        index.files()?.into_iter().filter(is_code).collect()
    };
    let some: Vec<&RelPath> = all.iter().step_by((all.len() / count).max(1)).take(count).collect();
    // What was just written is hashed once more by each update.
    thread::sleep(Duration::from_secs(3));
    measure(
        "edits",
        &watch,
        &some,
        |path| {
            let mut text = fs::read_to_string(path)?;
            text.push('\n');
            fs::write(path, text)?;
            Ok(path.to_owned())
        },
        &root,
    )?;
    measure(
        "saves beside and over",
        &watch,
        &some,
        |path| {
            let text = fs::read_to_string(path)? + "\n";
            let beside = path.with_extension("tmp~");
            fs::write(&beside, text)?;
            fs::rename(&beside, path)?;
            Ok(path.to_owned())
        },
        &root,
    )?;
    measure(
        "new files",
        &watch,
        &some,
        |path| {
            let new = path.with_extension("new.py");
            fs::write(&new, "def open_port():\n    pass\n")?;
            Ok(new)
        },
        &root,
    )
}

fn measure(
    what: &str,
    watch: &Watch,
    files: &[&RelPath],
    write: impl Fn(&Path) -> Result<std::path::PathBuf, Failure>,
    root: &Root,
) -> Result<(), Failure> {
    let mut took = Vec::new();
    for file in files {
        let written = write(&root.path().join(file.as_path()))?;
        let begin = Instant::now();
        loop {
            let event = watch.next_within(Duration::from_mins(1)).ok_or("no event")?;
            let WatchEvent::Changed(updated) = event else { continue };
            if updated.files.iter().any(|(path, _)| root.path().join(path.as_path()) == written) {
                break;
            }
        }
        took.push(begin.elapsed());
        thread::sleep(Duration::from_millis(200));
    }
    took.sort_unstable();
    let last = took.last().copied().unwrap_or_default();
    println!("{what}: median {:.0?}, longest {last:.0?} of {}", took[took.len() / 2], took.len());
    Ok(())
}
