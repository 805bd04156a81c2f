//! Builds the index of a tree and tells how long that took.
//!
//! `cargo run --release -p mlxcode-context --example index -- TREE INDEX`
//! updates INDEX; each line of its input, if there is one, is a query, whose
//! best hits are printed with the time they took. `--kind=KIND` chooses how.

#![allow(clippy::print_stdout, reason = "a measurement shows its figures")]

use std::path::Path;
use std::time::Instant;
use std::{env, fs, io};

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeIndex, SearchKind, SearchOptions, WalkOptions};

/// How many hits are shown.
const SHOWN: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, arguments): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|one| one.starts_with("--kind="));
    let [tree, place] = arguments.as_slice() else {
        return Err("usage: index TREE INDEX [--kind=KIND] < QUERIES".into());
    };
    let mut options = SearchOptions::default().limit(SHOWN);
    if let Some(kind) = flags.first().and_then(|flag| flag.strip_prefix("--kind=")) {
        options = options.kind(kind.parse()?);
    }
    if options.kind == SearchKind::Text {
        // As other programs for text do, it finds all.
        options = options.limit(usize::MAX);
    }
    let root = Root::open(Path::new(tree))?;
    for _ in 0..2 {
        let begin = Instant::now();
        let index = CodeIndex::open(Path::new(place), &root, WalkOptions::default())?;
        let opened = begin.elapsed();
        let updated = index.update(&CancelToken::new(), &())?;
        println!("opened in {opened:.1?}, updated in {:.1?}: {updated:?}", begin.elapsed());
    }
    println!("{} bytes", fs::metadata(place)?.len());
    let index = CodeIndex::open(Path::new(place), &root, WalkOptions::default())?;
    for query in io::stdin().lines() {
        let query = query?;
        let begin = Instant::now();
        let hits = index.search(&query, &options)?;
        println!("{query}: {} in {:.1?}", hits.len(), begin.elapsed());
        for hit in hits.into_iter().take(SHOWN) {
            let reasons: Vec<String> = hit.reasons.iter().map(ToString::to_string).collect();
            println!("  {:.2} {}:{} {}", hit.score, hit.path, hit.lines, reasons.join("; "));
        }
    }
    Ok(())
}
