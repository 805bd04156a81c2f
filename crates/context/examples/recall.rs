//! Measures how often search finds the file that answers a question.
//!
//! `cargo run --release -p mlxcode-context --example recall -- TREE CASES`
//! reads the tree below TREE and, from the file CASES, one case a line: a
//! question, a tab, and the files that answer it, parted by `|`. Lines that
//! begin with `#` are remarks. `examples/recall/` holds cases for public trees.
//! With a third argument, the place of an index, that is made there and asked;
//! with a fourth, by that kind of search.

#![allow(clippy::print_stdout, reason = "a measurement shows its figures")]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{
    Budget, CodeBase, CodeIndex, CodeSource, PackRequest, SearchKind, SearchOptions, WalkOptions,
};

/// What a model of 8,192 tokens leaves for passages.
const PACKED_TOKENS: usize = 4_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (tree, cases, place) = match arguments.as_slice() {
        [tree, cases] => (tree, cases, None),
        [tree, cases, place] => (tree, cases, Some((place, SearchKind::Auto))),
        [tree, cases, place, kind] => (tree, cases, Some((place, kind.parse()?))),
        _ => return Err("usage: recall TREE CASES [INDEX [KIND]]".into()),
    };
    let root = Root::open(Path::new(tree))?;
    let begin = Instant::now();
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
    println!("{} files read in {} ms", code.file_count(), begin.elapsed().as_millis());

    let index = match place {
        Some((place, kind)) => {
            let begin = Instant::now();
            let index = CodeIndex::open(Path::new(place), &root, WalkOptions::default())?;
            let updated = index.update(&CancelToken::new(), &())?;
            println!("{updated:?} in {} ms", begin.elapsed().as_millis());
            Some((index, SearchOptions::default().kind(kind).limit(usize::MAX)))
        }
        None => None,
    };
    let (mut times, mut packing) = (Vec::new(), Vec::new());

    // Four bytes a token is what common vocabularies reach on code.
    let counter = |text: &str| text.len().div_ceil(4);
    let budget = Budget::new(PACKED_TOKENS, &counter);
    let mut ranks = Vec::new();
    let mut packed = 0;
    for line in fs::read_to_string(cases)?.lines().filter(|line| !line.starts_with('#')) {
        let (question, answers) = line.split_once('\t').ok_or("a case has no tab")?;
        let answers: Vec<&str> = answers.split('|').collect();
        let fits = |path: &RelPath| answers.contains(&path.as_str());
        let begin = Instant::now();
        let mut files: Vec<RelPath> = Vec::new();
        let hits = match &index {
            Some((index, options)) => index.search(question, options)?,
            None => code.search(question, usize::MAX)?,
        };
        times.push(begin.elapsed());
        for hit in hits {
            if !files.contains(&hit.path) {
                files.push(hit.path);
            }
        }
        let rank = files.iter().position(fits).map(|place| place + 1);
        let source = match &index {
            Some((index, _)) => CodeSource::from(index),
            None => CodeSource::from(&code),
        };
        let begin = Instant::now();
        let context = source.pack(&PackRequest::new(question), &budget)?;
        packing.push(begin.elapsed());
        let inside = context.passages().any(|passage| fits(&passage.path));
        packed += usize::from(inside);
        if rank != Some(1) || !inside {
            let first = files.first().map_or("nothing", RelPath::as_str);
            let place = rank.map_or("not found".to_owned(), |rank| rank.to_string());
            let packed = if inside { "packed" } else { "not packed" };
            println!("  {place}, {packed}: {question} ({}; first {first})", answers.join("|"));
        }
        ranks.push(rank);
    }
    let (search, longest) = middle_and_most(&mut times);
    let (pack, longest_pack) = middle_and_most(&mut packing);
    let within = |most: usize| ranks.iter().flatten().filter(|rank| **rank <= most).count();
    let reciprocal: f64 = ranks.iter().flatten().map(|rank| 1.0 / *rank as f64).sum();
    println!(
        "{} cases: first {}, first five {}, first ten {}, packed into {PACKED_TOKENS} tokens {packed}, mean reciprocal rank {:.3}, search {search} ms in the middle, {longest} at most, packing {pack} and {longest_pack}",
        ranks.len(),
        within(1),
        within(5),
        within(10),
        reciprocal / ranks.len().max(1) as f64,
    );
    Ok(())
}

/// In milliseconds.
fn middle_and_most(times: &mut [Duration]) -> (u128, u128) {
    times.sort();
    let middle = times.get(times.len() / 2).map_or(0, Duration::as_millis);
    (middle, times.last().map_or(0, Duration::as_millis))
}
