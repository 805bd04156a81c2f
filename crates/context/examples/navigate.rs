//! Asks where a symbol is defined, who uses it and what a map shows, by an
//! index, and tells how long each step took.
//!
//! `cargo run --release -p mlxcode-context --example navigate -- TREE INDEX NAME`

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::env;
use std::path::Path;
use std::time::Instant;

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeGraph, CodeIndex, CodePlace, WalkOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree, index, name] = arguments.as_slice() else {
        return Err("usage: navigate TREE INDEX NAME".into());
    };
    let mut begin = Instant::now();
    let mut told = |what: &str, count: usize| {
        println!("{:8.1} ms  {what}: {count}", begin.elapsed().as_secs_f64() * 1e3);
        begin = Instant::now();
    };
    let root = Root::open(Path::new(tree))?;
    let index = CodeIndex::open(Path::new(index), &root, WalkOptions::default())?;
    let updated = index.update(&CancelToken::new(), &())?;
    told("update, files added", updated.added);
    let code = index.tree()?;
    let graph = CodeGraph::of_index(&code);
    told("read, files of code", graph.file_count());
    let place = CodePlace::read(name);
    told("definition", graph.definitions_at(&*code, &place)?.len());
    let nodes = graph.nodes_of(&*code, &place)?;
    told("references", graph.references(&*code, &nodes).len());
    let callees = nodes.iter().map(|node| graph.callees(*node).len());
    told("callees", callees.sum());
    told("edges of symbols", graph.symbol_edges().count());
    let counter = |text: &str| text.len().div_ceil(4);
    told("map, symbols", graph.repo_map(&[], 1_024, &counter).symbols);
    Ok(())
}
