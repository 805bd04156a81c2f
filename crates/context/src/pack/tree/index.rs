//! An index, and the files that it is of.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use mlxcode_base::{CancelToken, ContentHash, RelPath};

use super::{Found, MOST_DEFINITIONS, Tree};
use crate::error::Result;
use crate::index::{CodeIndex, Defining};
use crate::search::{Hit, SearchOptions};
use crate::syntax::{Chunk, chunks as cut, language_of};
use crate::terms::Query;
use crate::walk::{Place, Read, read_text};

/// Files that are looked through for the definitions of a name.
const MOST_FILES: usize = 40;

/// The text of a file on the disk; `None` where it cannot be read.
pub fn text(index: &CodeIndex, path: &RelPath) -> Option<Rc<str>> {
    let place = Place::at(index.root(), path)?;
    match read_text(&place, index.options()) {
        Read::File(file) => Some(file.text.into()),
        _ => None,
    }
}

/// The parts of a file: those of the index, unless it was changed since.
pub fn chunks(index: &CodeIndex, path: &RelPath, text: &str) -> Result<Vec<Chunk>> {
    let known = index.chunks_of(path, ContentHash::of(text.as_bytes()))?;
    Ok(known.unwrap_or_else(|| cut(text, language_of(Path::new(path.as_str()), text))))
}

/// The passages that search finds by the index.
pub fn found(
    tree: &Tree<'_>,
    index: &CodeIndex,
    question: &str,
    limit: usize,
    cancel: &CancelToken,
) -> Result<Vec<Found>> {
    if question.trim().is_empty() {
        return Ok(Vec::new());
    }
    let options = SearchOptions { cancel: cancel.clone(), ..SearchOptions::default() };
    let hits = index.search(question, &options.limit(limit))?;
    let mut found = Vec::with_capacity(hits.len());
    for Hit { path, lines, score, words, reasons, .. } in hits {
        let chunks = tree.chunks(&path)?;
        let same = chunks.iter().find(|chunk| chunk.lines == lines).cloned();
        let chunk = same.unwrap_or_else(|| {
            let holds =
                |one: &&Chunk| one.lines.first <= lines.first && lines.first <= one.lines.last;
            let around = chunks.iter().find(holds).and_then(|chunk| chunk.inside.clone());
            Chunk { lines, names: Vec::new(), inside: around }
        });
        found.push(Found { path, chunk, score, words, reasons });
    }
    Ok(found)
}

/// Where the index knows a name to be defined, the likeliest first.
pub fn definitions(
    tree: &Tree<'_>,
    index: &CodeIndex,
    name: &str,
    owner: Option<&str>,
) -> Result<Vec<(RelPath, Chunk)>> {
    let query = Query::new(name);
    let mut files: Vec<Defining> =
        index.defining(&BTreeSet::from([name.to_owned()]))?.remove(name).unwrap_or_default();
    files.sort_by(|a, b| b.standing.factor(&query).total_cmp(&a.standing.factor(&query)));
    let mut found = Vec::new();
    for file in files.into_iter().take(MOST_FILES) {
        let chunks = tree.chunks(&file.path)?;
        let defining = chunks.iter().filter(|chunk| chunk.names.iter().any(|one| one == name));
        found.extend(defining.map(|chunk| (file.path.clone(), chunk.clone())));
    }
    if let Some(owner) = owner {
        let (its, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(path, chunk)| chunk.is_owned(path, owner));
        found = if its.is_empty() { others } else { its };
    }
    found.truncate(MOST_DEFINITIONS);
    Ok(found)
}
