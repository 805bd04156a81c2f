//! Prints where each name of a tree is defined, a JSON document a line.
//!
//! `cargo run --release -p mlxcode-context --example definitions -- TREE`
//! prints for each reference its path, line and column (bytes, from zero), and
//! the places where it is defined: path, line and column. A name that cannot be told
//! has none.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::HashMap;
use std::env;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use mlxcode_base::{CancelToken, LineIndex, LineRange, RelPath, Root, TextRange};
use mlxcode_context::{
    Certainty, CodeBase, CodeGraph, FileSet as _, ParseLimits, ParsedFile, WalkOptions,
};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree] = arguments.as_slice() else {
        return Err("usage: definitions TREE".into());
    };
    let root = Root::open(Path::new(tree))?;
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
    let begin = Instant::now();
    let graph = CodeGraph::new(code.facts()?);
    let built = begin.elapsed();
    let texts = graph.files().map(|file| graph.node(file).path);
    let line_index = |path: &RelPath| LineIndex::new(&code.text(path).unwrap_or_default());
    let lines: HashMap<RelPath, LineIndex> =
        texts.map(|path| (path.clone(), line_index(&path))).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    for file in graph.files() {
        let path = graph.node(file).path;
        let references = graph.names_in(file);
        let text = code.text(&path).unwrap_or_default();
        let parsed = ParsedFile::parse(text, graph.language(file), &ParseLimits::default());
        let ranges: Vec<TextRange> = references.iter().map(|one| one.range).collect();
        let births = parsed.map(|parsed| parsed.births_of(&ranges)).unwrap_or_default();
        let index = &lines[&path];
        for (one, births) in references.iter().zip(births) {
            let line = index.line_of(one.range.start);
            let start = index.bytes_of(LineRange::new(line, line)).start;
            let place = |path: &RelPath, at: usize| {
                let line = lines[path].line_of(at);
                let start = lines[path].bytes_of(LineRange::new(line, line)).start;
                json!({ "path": path.as_str(), "line": line - 1, "column": at - start })
            };
            let (mut places, mut sure) = (Vec::new(), None);
            if one.is_local {
                let births = births.into_iter();
                places.extend(births.map(|birth| place(&path, birth.start)));
                sure = Some(Certainty::Certain);
            } else {
                for found in graph.definition(&code, &path, one.range.start)? {
                    places.push(place(&found.path, found.range.start));
                    sure.get_or_insert(found.certainty);
                }
            }
            let document = json!({
                "path": path.as_str(),
                "line": line - 1,
                "column": one.range.start - start,
                "name": one.name,
                "kind": one.kind,
                "is_local": one.is_local,
                "is_member": one.is_member,
                "qualifier": one.qualifier,
                "certainty": sure,
                "places": places,
            });
            writeln!(out, "{document}")?;
        }
    }
    out.flush()?;
    let seconds = built.as_secs_f64();
    io::stderr().write_all(
        format!("{} files, {} nodes in {seconds:.2} s\n", graph.file_count(), graph.node_count())
            .as_bytes(),
    )?;
    Ok(())
}
