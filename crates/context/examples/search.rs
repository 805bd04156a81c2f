//! Answers questions about a tree, for measurements by other programs.
//!
//! `cargo run --release -p mlxcode-context --example search -- TREE LIMIT INDEX KIND`
//! brings the index in the file INDEX to what the tree below TREE is, then
//! reads from its input a JSON text a line, the question, and prints for each a
//! line of JSON: the best places, as path, first line and last line.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::path::Path;
use std::{env, io};

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeIndex, SearchOptions, WalkOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree, limit, place, kind, ..] = arguments.as_slice() else {
        return Err("usage: search TREE LIMIT INDEX KIND".into());
    };
    let options = SearchOptions::default().limit(limit.parse()?).kind(kind.parse()?);
    let root = Root::open(Path::new(tree))?;
    let index = CodeIndex::open(Path::new(place), &root, WalkOptions::default())?;
    index.update(&CancelToken::new(), &())?;
    for line in io::stdin().lines() {
        let question: String = serde_json::from_str(&line?)?;
        let hits = index.search(&question, &options)?;
        let places: Vec<(&str, usize, usize)> =
            hits.iter().map(|hit| (hit.path.as_str(), hit.lines.first, hit.lines.last)).collect();
        println!("{}", serde_json::to_string(&places)?);
    }
    Ok(())
}
