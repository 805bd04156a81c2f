//! How fast a reply is read, beside mpatch on the same text.
//!
//! `cargo bench -p mlxcode-benches --bench edit_parse`. Each reply is made of
//! lines of this repository's sources; mpatch reads it with `parse_auto`, as
//! its command does, and has no parser that takes a reply while it streams.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes its ground, prints, and stops when its ground is missing"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mlxcode_benches::{Measured, grow, measure_in_turn, ratio};
use mlxcode_edit::{ReplyParser, parse_reply};

const ROUNDS: usize = 9;
const REPLY_BYTES: usize = 8 << 20;
/// About what a model gives at a time.
const PIECE_BYTES: usize = 5;
const LEAST_MB_PER_SECOND: f64 = 200.0;

fn main() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    grow(temp.path(), &crates, 40).expect("source files");
    let lines = lines_below(temp.path());
    for (what, block) in
        [("blocks", search_replace as fn(&mut String, usize, &[String])), ("diffs", diff)]
    {
        let mut reply = String::new();
        let mut number = 0;
        while reply.len() < REPLY_BYTES {
            let at = number * 40 % (lines.len() - 40);
            block(&mut reply, number, &lines[at..at + 40]);
            number += 1;
        }
        compare(what, &reply, number);
    }
}

fn compare(what: &str, reply: &str, blocks: usize) {
    assert_eq!(parse_reply(reply).len(), blocks, "{what}: every block is an edit");
    let found = mpatch::parse_auto(reply).map_or(0, |patches| patches.len());
    let times = measure_in_turn(
        ROUNDS,
        &mut [
            &mut || drop(std::hint::black_box(parse_reply(reply))),
            &mut || {
                std::hint::black_box(streamed(reply));
            },
            &mut || drop(std::hint::black_box(mpatch::parse_auto(reply))),
        ],
    );
    let speed = |time: &Measured| reply.len() as f64 / 1e6 / time.median().as_secs_f64();
    let verdict = if speed(&times[0]) >= LEAST_MB_PER_SECOND { "within" } else { "UNDER" };
    println!("{what}: {:.1} × as fast as mpatch", ratio(&times[0], &times[2]));
    println!("  whole: {:.0} MB/s, {}, {verdict} 200 MB/s", speed(&times[0]), times[0]);
    println!("  in pieces of {PIECE_BYTES} bytes: {:.0} MB/s, {}", speed(&times[1]), times[1]);
    println!("  mpatch, {found} of {blocks} blocks: {:.0} MB/s, {}", speed(&times[2]), times[2]);
}

fn streamed(reply: &str) -> usize {
    let mut parser = ReplyParser::new();
    let (mut found, mut rest) = (0, reply);
    while !rest.is_empty() {
        let end = (PIECE_BYTES..rest.len()).find(|at| rest.is_char_boundary(*at));
        let (piece, below) = rest.split_at(end.unwrap_or(rest.len()));
        found += parser.push(piece).len();
        rest = below;
    }
    found + parser.finish().len()
}

/// Twelve lines, of which two change, with a sentence above.
fn search_replace(reply: &mut String, number: usize, lines: &[String]) {
    let text = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let (old, new) = (text(&lines[..12]), text(&lines[12..14]) + &text(&lines[2..12]));
    let _ = write!(
        reply,
        "The next change is in part {number}.\n\npart/n{number}.rs\n```rust\n\
         <<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```\n\n"
    );
}

fn diff(reply: &mut String, number: usize, lines: &[String]) {
    let _ = write!(
        reply,
        "The next change is in part {number}.\n\n```diff\n--- a/part/n{number}.rs\n\
         +++ b/part/n{number}.rs\n@@ -10,8 +10,8 @@\n"
    );
    for (at, line) in lines[..10].iter().enumerate() {
        let sign = if matches!(at, 4 | 5) { '-' } else { ' ' };
        let _ = writeln!(reply, "{sign}{line}");
        if at == 5 {
            let _ = write!(reply, "+{}\n+{}\n", lines[12], lines[13]);
        }
    }
    reply.push_str("```\n\n");
}

/// Lines of all files, without those that a reply's formats would take for
/// their own.
fn lines_below(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for part in fs::read_dir(folder).expect("folders") {
        for file in fs::read_dir(part.expect("a folder").path()).expect("files") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("text");
            let plain = |line: &&str| {
                !["```", "~~~", "<<<<", "====", ">>>>", "***", "@@", "---", "+++", "..."]
                    .iter()
                    .any(|mark| line.contains(mark))
            };
            lines.extend(text.lines().filter(plain).map(str::to_owned));
        }
    }
    lines
}
