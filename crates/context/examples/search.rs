//! Answers questions about a tree, for measurements by other programs.
//!
//! `cargo run --release -p mlxcode-context --example search -- TREE LIMIT`
//! reads the tree below TREE once, then from its input a JSON text a line, the
//! question, and prints for each a line of JSON: the best places, as path,
//! first line and last line.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::path::Path;
use std::{env, io};

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeBase, WalkOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree, limit] = arguments.as_slice() else {
        return Err("usage: search TREE LIMIT".into());
    };
    let limit = limit.parse()?;
    let root = Root::open(Path::new(tree))?;
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
    for line in io::stdin().lines() {
        let question: String = serde_json::from_str(&line?)?;
        let hits = code.search(&question, limit)?;
        let places: Vec<(&str, usize, usize)> =
            hits.iter().map(|hit| (hit.path.as_str(), hit.lines.first, hit.lines.last)).collect();
        println!("{}", serde_json::to_string(&places)?);
    }
    Ok(())
}
