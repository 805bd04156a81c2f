//! A tree that was read as a whole.

use std::rc::Rc;

use mlxcode_base::RelPath;

use super::Found;
use crate::code_base::CodeBase;
use crate::error::Result;
use crate::graph::FileFacts;
use crate::import::{FileSet as _, ImportResolver};
use crate::search::RankedChunk;
use crate::syntax::{Chunk, ParseLimits, ParsedFile};

/// The files, by path.
pub fn files(code: &CodeBase) -> Vec<RelPath> {
    code.paths()
}

/// The text of a file; `None` for one that was not read.
pub fn text(code: &CodeBase, path: &RelPath) -> Option<Rc<str>> {
    code.number_of(path).map(|number| code.text(number).into())
}

/// The parts of a file.
pub fn chunks(code: &CodeBase, path: &RelPath) -> Vec<Chunk> {
    code.number_of(path).map(|number| code.chunks(number)).unwrap_or_default()
}

/// The passages that fit a question, best first.
pub fn found(code: &CodeBase, question: &str, limit: usize) -> Result<Vec<Found>> {
    let found = |one: RankedChunk| {
        let RankedChunk { file, chunk, score, words } = one;
        Found { path: code.path(file).clone(), chunk, score, words, reasons: Vec::new() }
    };
    Ok(code.ranked(question)?.into_iter().take(limit).map(found).collect())
}

/// Where a name is defined, the likeliest first.
pub fn definitions(
    code: &CodeBase,
    name: &str,
    owner: Option<&str>,
) -> Result<Vec<(RelPath, Chunk)>> {
    let found = code.definitions(name, owner)?.into_iter();
    Ok(found.map(|(file, chunk)| (code.path(file).clone(), chunk)).collect())
}

/// What some files of code say; they are parsed for it.
pub fn facts(code: &CodeBase, paths: &[RelPath], resolver: &ImportResolver<'_>) -> Vec<FileFacts> {
    let limits = ParseLimits::default();
    let one = |path: &RelPath| {
        let number = code.number_of(path)?;
        let language = code.language(number).filter(|language| language.is_code())?;
        let file = ParsedFile::parse(code.text(number), language, &limits)?;
        Some(FileFacts::of(path.clone(), &file, resolver))
    };
    paths.iter().filter_map(one).collect()
}
