//! Reads every file of a tree and tells what took longest.
//!
//! `cargo run --release -p mlxcode-context --example parse_tree -- TREE` reads
//! all files in a known language below TREE, whatever rules ignore them, and
//! takes their symbols, references and imports. It fails where one panics.

#![allow(clippy::print_stdout, reason = "a measurement shows its figures")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use mlxcode_context::{ParseLimits, ParsedFile, language_of};

/// How many of the slowest files are named.
const NAMED: usize = 8;

/// What one language took.
#[derive(Default)]
struct Taken {
    files: usize,
    bytes: usize,
    parse: Duration,
    read: Duration,
    symbols: usize,
    references: usize,
    imports: usize,
    /// Files with parts that took too long.
    given_up: usize,
    /// Files with syntax errors.
    wrong: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree] = arguments.as_slice() else {
        return Err("usage: parse_tree TREE".into());
    };
    let mut files = Vec::new();
    collect(Path::new(tree), &mut files)?;
    files.sort();
    let begin = Instant::now();
    let mut taken: BTreeMap<String, Taken> = BTreeMap::new();
    let mut slowest: Vec<(Duration, usize, &Path)> = Vec::new();
    for path in &files {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        let Some(language) = language_of(path, &text) else { continue };
        let bytes = text.len();
        let start = Instant::now();
        let Some(file) = ParsedFile::parse(text, language, &ParseLimits::default()) else {
            continue;
        };
        let parsed = start.elapsed();
        let symbols = file.symbols();
        let references = file.references(&symbols);
        let imports = file.imports();
        let all = start.elapsed();
        let one = taken.entry(language.to_string()).or_default();
        one.files += 1;
        one.bytes += bytes;
        one.parse += parsed;
        one.read += all;
        one.symbols += symbols.len();
        one.references += references.len();
        one.imports += imports.len();
        one.given_up += usize::from(!file.given_up().is_empty());
        one.wrong += usize::from(file.error_count() > 0);
        slowest.push((all, bytes, path));
        slowest.sort_by_key(|one| std::cmp::Reverse(one.0));
        slowest.truncate(NAMED);
    }
    println!(
        "language      files      KiB  parse s  all s  symbols references imports wrong given up"
    );
    for (language, one) in &taken {
        println!(
            "{language:12} {:6} {:8} {:8.1} {:6.1} {:8} {:10} {:7} {:5} {:8}",
            one.files,
            one.bytes / 1024,
            one.parse.as_secs_f64(),
            one.read.as_secs_f64(),
            one.symbols,
            one.references,
            one.imports,
            one.wrong,
            one.given_up
        );
    }
    for (time, bytes, path) in &slowest {
        println!("{:7} ms, {bytes} bytes: {}", time.as_millis(), path.display());
    }
    println!("{} files in {:.1} s", files.len(), begin.elapsed().as_secs_f64());
    Ok(())
}

/// The plain files below a folder; links are not followed.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
