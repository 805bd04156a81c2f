//! Prints who uses things of a tree, a JSON document a line.
//!
//! `cargo run --release -p mlxcode-context --example references -- TREE` reads
//! places, a line each: path, line and column (bytes, from zero), parted by
//! spaces. For each it prints the list of the places that use what stands
//! there, written alike, or `null` where that is no symbol.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;

use mlxcode_base::{CancelToken, LineIndex, LineRange, RelPath, Root};
use mlxcode_context::{CodeBase, CodeGraph, FileSet as _, WalkOptions};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree] = arguments.as_slice() else {
        return Err("usage: references TREE < PLACES".into());
    };
    let root = Root::open(Path::new(tree))?;
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
    let graph = CodeGraph::new(code.facts()?);
    let mut lines: HashMap<RelPath, LineIndex> = HashMap::new();
    let mut start_of = |path: &RelPath, line: usize| {
        let index = || LineIndex::new(&code.text(path).unwrap_or_default());
        let index = lines.entry(path.clone()).or_insert_with(index);
        index.bytes_of(LineRange::new(line, line)).start
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut parts = line.rsplitn(3, ' ');
        let (Some(column), Some(number), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("{line}: want a path, a line and a column").into());
        };
        let path = RelPath::new(path)?;
        let at = start_of(&path, number.parse::<usize>()? + 1) + column.parse::<usize>()?;
        let nodes = graph.nodes_at(&code, &path, at)?;
        let places: Vec<Value> = graph
            .references(&code, &nodes)
            .into_iter()
            .map(|one| {
                let column = one.range.start - start_of(&one.path, one.line);
                json!({ "path": one.path.as_str(), "line": one.line - 1, "column": column })
            })
            .collect();
        let document = if nodes.is_empty() { Value::Null } else { Value::from(places) };
        writeln!(io::stdout(), "{document}")?;
    }
    Ok(())
}
