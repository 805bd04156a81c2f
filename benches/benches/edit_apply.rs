//! A thousand exact edits of a thousand files: placed and applied, beside
//! writing the same files with fsync and nothing else.
//!
//! `cargo bench -p mlxcode-benches --bench edit_apply`; `--dir FOLDER` measures
//! another disk than that of the temporary folder.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement writes files, prints, and stops when its ground is missing"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mlxcode_benches::grow;
use mlxcode_core::{Dirs, Workspace};

const FILES: usize = 1_000;
const RUNS: usize = 7;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root");
    let mut args = std::env::args().skip_while(|arg| arg != "--dir").skip(1);
    let place = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let temp = tempfile::tempdir_in(place).expect("a temporary folder");
    let tree = temp.path().join("tree");
    grow(&tree, &root.join("crates/edit/src"), FILES).expect("a tree of source files");
    let files = sources(&tree);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let reply = reply(&tree, &files);
    let workspace =
        Workspace::open(&tree, &Dirs::under(&temp.path().join("home"))).expect("a workspace");

    let (mut written, mut parsed, mut resolved, mut applied, mut undone) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        written.push(time(|| write_all(&temp.path().join(format!("plain{run}")), &tree, &files)));
        let mut items = Vec::new();
        parsed.push(time(|| items = mlxcode_core::parse_reply(&reply)));
        let mut plan = None;
        resolved.push(time(|| plan = Some(workspace.plan(&items).expect("a plan"))));
        let plan = plan.expect("a plan");
        assert!(plan.refusals().is_empty(), "{:#?}", plan.refusals());
        assert_eq!(plan.changes().len(), FILES);
        applied.push(time(|| drop(workspace.apply(&plan, "bench").expect("applied"))));
        undone.push(time(|| drop(workspace.undo(None).expect("undone"))));
    }
    println!("{FILES} files, {bytes} bytes, medians of {RUNS}");
    let ms = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (plain, resolve, apply) = (ms(&mut written), ms(&mut resolved), ms(&mut applied));
    println!("write each with fsync, one after the other: {plain:.0} ms");
    println!("parse the reply: {:.1} ms", ms(&mut parsed));
    println!("resolve: {resolve:.0} ms");
    println!("apply: {apply:.0} ms");
    println!("undo: {:.0} ms", ms(&mut undone));
    let ratio = (resolve + apply) / plain;
    let verdict = if ratio <= 2.0 { "within" } else { "OVER" };
    println!("resolve and apply: {ratio:.2} times the writing, {verdict} 2");
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn sources(tree: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("a source");
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

/// What the comparison is with: a new file each, its content synced.
fn write_all(target: &Path, tree: &Path, files: &[(PathBuf, String)]) {
    for (path, text) in files {
        let place = target.join(path.strip_prefix(tree).expect("below the tree"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        let mut file = fs::File::create(place).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file.sync_all().expect("synced");
    }
}

/// One block a file: three lines that occur once, of which one changes.
fn reply(tree: &Path, files: &[(PathBuf, String)]) -> String {
    let mut reply = String::new();
    for (path, text) in files {
        let name = path.strip_prefix(tree).expect("below the tree").display();
        let lines: Vec<&str> = text.lines().collect();
        let at = (lines.len() / 2..lines.len())
            .chain(0..lines.len() / 2)
            .find(|at| is_alone(text, &lines, *at))
            .expect("lines that occur once");
        let search = lines[at..(at + 3).min(lines.len())].join("\n");
        let replace = search.replacen(lines[at], &format!("{} // edited", lines[at]), 1);
        reply.push_str(&format!(
            "{name}\n```\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n\n"
        ));
    }
    reply
}

fn is_alone(text: &str, lines: &[&str], at: usize) -> bool {
    let search = lines[at..(at + 3).min(lines.len())].join("\n");
    let marks = ["<<<<", "====", ">>>>", "```"];
    // Of a few letters, the lines would count as too little to tell a place.
    let letters = search.bytes().filter(u8::is_ascii_alphanumeric).count();
    letters > 20
        && !lines[at].trim().is_empty()
        && !marks.iter().any(|mark| search.contains(mark))
        && text.matches(&search).count() == 1
}
