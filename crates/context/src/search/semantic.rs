//! Passages that are about the same as the question, by their vectors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mlxcode_base::RelPath;

use super::lexical::lines;
use super::{Hit, HitReason, RankedChunk, SearchOptions};
use crate::error::Result;
use crate::index::{self, CodeIndex};
use crate::syntax::Chunk;
use crate::terms::Query;
use crate::walk::{Place, Read, read_text};

/// A file that hits lie in.
struct File {
    text: String,
    chunks: Vec<Chunk>,
}

/// Finds the passages nearest to a question, nearest first.
pub fn find(index: &CodeIndex, question: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
    let query = Query::new(question);
    let factor = |standing: super::Standing| standing.factor(&query);
    let near = index::nearest(index, question, factor, options.limit, &options.cancel)?;
    let mut files: HashMap<RelPath, Option<File>> = HashMap::new();
    let mut hits = Vec::with_capacity(near.len());
    for one in near {
        let file = match files.entry(one.path.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(read(index, &one.path)?),
        };
        let Some(File { text, chunks }) = file else { continue };
        let Some(chunk) = chunks.get(one.number).cloned() else { continue };
        let text = lines(text, chunk.lines);
        let (counts, _) = query.count(text);
        let held = counts.iter().zip(&query.terms).filter(|(count, _)| **count > 0);
        let words = held.map(|(_, term)| term.word.clone()).collect();
        let score = one.cosine * one.standing.factor(&query);
        let mut hit = RankedChunk { file: 0, chunk, score, words }.hit(&one.path, text, &query);
        hit.reasons.insert(0, HitReason::Meaning);
        hits.push(hit);
    }
    Ok(hits)
}

fn read(index: &CodeIndex, path: &RelPath) -> Result<Option<File>> {
    let Some(place) = Place::at(index.root(), path) else { return Ok(None) };
    let Read::File(file) = read_text(&place, index.options()) else { return Ok(None) };
    let chunks = index::decode_chunks(&index.chunk_data(path)?).ok_or_else(|| index.damaged())?;
    Ok(Some(File { text: file.text, chunks }))
}
