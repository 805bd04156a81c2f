//! Prints what files define, name and import, a JSON document a line.
//!
//! `cargo run --release -p mlxcode-context --example symbols -- FILE…` prints
//! the symbols; with `--references`, `--imports` or `--locals` before the files,
//! those.
//! `-` in the place of the files reads their names from the standard input.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::io::{BufRead as _, BufWriter, Write as _};
use std::path::Path;
use std::{env, fs, io};

use mlxcode_context::{ParseLimits, ParsedFile, language_of};
use serde::Serialize;

/// What is printed on one line.
#[derive(Serialize)]
struct Found<'a, T: Serialize> {
    path: &'a str,
    line: usize,
    #[serde(flatten)]
    item: T,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let what = arguments.first().filter(|first| first.starts_with("--")).cloned();
    if what.is_some() {
        arguments.remove(0);
    }
    if arguments == ["-"] {
        arguments = io::stdin().lock().lines().collect::<Result<_, _>>()?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for path in &arguments {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        let Some(language) = language_of(Path::new(path), &text) else { continue };
        let Some(file) = ParsedFile::parse(text, language, &ParseLimits::default()) else {
            continue;
        };
        let index = mlxcode_base::LineIndex::new(file.text());
        let symbols = file.symbols();
        match what.as_deref() {
            Some("--references") => {
                for item in file.references(&symbols) {
                    let line = index.line_of(item.range.start);
                    writeln!(out, "{}", serde_json::to_string(&Found { path, line, item })?)?;
                }
            }
            Some("--imports") => {
                for item in file.imports() {
                    let line = index.line_of(item.range.start);
                    writeln!(out, "{}", serde_json::to_string(&Found { path, line, item })?)?;
                }
            }
            Some("--locals") => {
                for range in file.locals() {
                    let name = &file.text()[range.start..range.end];
                    let item = serde_json::json!({ "name": name });
                    let line = index.line_of(range.start);
                    writeln!(out, "{}", serde_json::to_string(&Found { path, line, item })?)?;
                }
            }
            _ => {
                for item in symbols {
                    let line = index.line_of(item.name_range.start);
                    writeln!(out, "{}", serde_json::to_string(&Found { path, line, item })?)?;
                }
            }
        }
    }
    out.flush()?;
    Ok(())
}
