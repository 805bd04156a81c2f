//! How long it takes to find the place of an edit in a file of 10,000 lines,
//! beside mpatch in the same rounds.
//!
//! `cargo bench -p mlxcode-benches --bench edit_locate`. Ours reads the reply,
//! reads the file from the disk and plans the change; mpatch gets both in
//! memory. Three edits: lines that stand there exactly, lines of which a word
//! in two was copied wrongly, and lines that are not there.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes its ground, prints, and stops when its ground is missing"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use mlxcode_base::Root;
use mlxcode_benches::{Measured, grow, measure_in_turn, ratio};
use mlxcode_edit::{EditPlan, ResolveOptions, parse_reply};
use mpatch::{ApplyOptions, apply_patch_to_content, parse_auto};

const ROUNDS: usize = 11;
const LINES: usize = 10_000;
const SEARCHED: usize = 14;
const LIMIT: Duration = Duration::from_millis(20);

fn main() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    grow(&temp.path().join("grown"), &crates, 200).expect("source files");
    let lines = lines_of(&temp.path().join("grown"));
    let tree = temp.path().join("tree");
    fs::create_dir(&tree).expect("a folder");
    fs::write(tree.join("big.rs"), text(&lines)).expect("a file");
    let root = Root::open(&tree).expect("the root");
    let file = text(&lines);

    let at = place(&lines);
    let old = &lines[at..at + SEARCHED];
    let mut new = old.to_vec();
    "    let changed = by_the_edit();".clone_into(&mut new[SEARCHED - 2]);
    let mut wrong = old.to_vec();
    for number in [2, 5] {
        wrong[number] = other_word(&wrong[number]);
    }
    let nowhere: Vec<String> = (0..SEARCHED).map(|n| format!("    no_such({n})?;")).collect();
    for (what, search) in
        [("exact", old.to_vec()), ("two words wrong", wrong), ("not there", nowhere)]
    {
        let reply = format!(
            "big.rs\n```rust\n<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n```\n",
            text(&search),
            text(&new)
        );
        compare(what, &root, &file, &reply);
    }
}

fn compare(what: &str, root: &Root, file: &str, reply: &str) {
    let ours = || {
        EditPlan::resolve(root, &parse_reply(reply), &ResolveOptions::default()).expect("a plan")
    };
    let theirs = || {
        let patches = parse_auto(reply).expect("a patch");
        apply_patch_to_content(&patches[0], Some(file), &ApplyOptions::default())
    };
    let plan = ours();
    let answer = plan
        .refusals()
        .first()
        .map_or("applied".to_owned(), |refusal| format!("refused ({})", refusal.reason.code()));
    let rival = if theirs().report.all_applied_cleanly() { "applied" } else { "refused" };
    let times = measure_in_turn(
        ROUNDS,
        &mut [&mut || drop(std::hint::black_box(ours())), &mut || {
            drop(std::hint::black_box(theirs()));
        }],
    );
    let within = |time: &Measured| if time.median() <= LIMIT { "within" } else { "OVER" };
    println!("{what}: {:.1} × as fast as mpatch", ratio(&times[0], &times[1]));
    println!("  ours, {answer}: {}, {} {} ms", times[0], within(&times[0]), LIMIT.as_millis());
    println!("  mpatch, {rival}: {}", times[1]);
}

/// The first place below the middle where the searched lines all have words
/// and stand only once.
fn place(lines: &[String]) -> usize {
    let full = |at: usize| lines[at..at + SEARCHED].iter().all(|line| line.trim().len() > 12);
    let once = |at: usize| {
        let part = &lines[at..at + SEARCHED];
        lines.windows(SEARCHED).filter(|window| *window == part).count() == 1
    };
    (LINES / 2..LINES - SEARCHED).find(|at| full(*at) && once(*at)).expect("such a place")
}

fn other_word(line: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let start = line.find(is_word).unwrap_or(0);
    let end = line[start..].find(|c| !is_word(c)).map_or(line.len(), |length| start + length);
    format!("{}misremembered{}", &line[..start], &line[end..])
}

fn text(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

fn lines_of(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut parts: Vec<_> =
        fs::read_dir(folder).expect("folders").map(|part| part.expect("a folder").path()).collect();
    parts.sort();
    for part in parts {
        let mut files: Vec<_> =
            fs::read_dir(part).expect("files").map(|file| file.expect("a file").path()).collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(file).expect("text");
            // A marker in the searched lines would end the block.
            lines.extend(text.lines().filter(|line| !line.contains("=====")).map(str::to_owned));
        }
    }
    lines.truncate(LINES);
    assert_eq!(lines.len(), LINES);
    lines
}
