use std::path::Path;

use mlxcode_base::{CancelToken, Language, LineIndex, LineRange, RelPath, Root};

use crate::error::{Error, Result};
use crate::mention::{Mention, mentions};
use crate::search::{RankedChunk, rank_chunks, rank_files};
use crate::syntax::{Chunk, chunks};
use crate::terms::Query;
use crate::walk::{Skipped, SourceFile, WalkOptions, walk};

/// Files that are parsed to find a symbol that a question names.
const SYMBOL_FILES: usize = 60;

/// The text files of a tree, in memory.
#[derive(Clone, Debug)]
pub struct CodeBase {
    files: Vec<SourceFile>,
    skipped: Skipped,
    cancel: CancelToken,
}

/// A passage that search found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// The file.
    pub path: RelPath,
    /// The lines.
    pub lines: LineRange,
    /// Higher is better; only comparable within one search.
    pub score: f32,
    /// The words of the question that the passage holds.
    pub words: Vec<String>,
    /// The passage, with its line ends.
    pub text: String,
}

impl CodeBase {
    /// Reads the tree. `cancel` stops this and all later work on it.
    pub fn open(root: &Root, options: &WalkOptions, cancel: &CancelToken) -> Result<Self> {
        let (files, skipped) = walk(root, options, cancel)?;
        Ok(Self { files, skipped, cancel: cancel.clone() })
    }

    /// How many files were read.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// How many files were left out, and why.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The passages that fit `query` best, best first.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>> {
        let ranked = self.ranked(query)?;
        Ok(ranked
            .into_iter()
            .take(limit)
            .map(|one| Hit {
                path: self.files[one.file].path.clone(),
                lines: one.chunk.lines,
                score: one.score,
                words: one.words,
                text: self.lines(one.file, one.chunk.lines).to_owned(),
            })
            .collect())
    }

    /// The files and symbols of this code that a question names.
    pub fn mentions(&self, question: &str) -> Vec<Mention> {
        let paths: Vec<&RelPath> = self.files.iter().map(|file| &file.path).collect();
        mentions(question, &paths)
    }

    pub(crate) fn ranked(&self, question: &str) -> Result<Vec<RankedChunk>> {
        let query = Query::new(question);
        let rank = rank_files(&self.files, &query, &self.cancel)?;
        rank_chunks(&self.files, &rank, &query, &self.cancel)
    }

    /// Where `name` is defined: the chunks, file by file.
    pub(crate) fn definitions(&self, name: &str) -> Result<Vec<(usize, Chunk)>> {
        let holding = self.files.iter().enumerate().filter(|(_, file)| file.text.contains(name));
        let mut found = Vec::new();
        for (number, file) in holding.take(SYMBOL_FILES) {
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let defining = self.chunks(number).into_iter().filter(|chunk| {
                chunk.names.iter().any(|defined| defined == name)
                    // Markdown's headings name, they do not define.
                    && Language::from_path(Path::new(file.path.as_str())) != Some(Language::Markdown)
            });
            found.extend(defining.map(|chunk| (number, chunk)));
        }
        Ok(found)
    }

    pub(crate) fn number_of(&self, path: &RelPath) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.cmp(path)).ok()
    }

    pub(crate) fn path(&self, file: usize) -> &RelPath {
        &self.files[file].path
    }

    pub(crate) fn line_count(&self, file: usize) -> usize {
        self.files[file].text.lines().count()
    }

    pub(crate) fn chunks(&self, file: usize) -> Vec<Chunk> {
        let SourceFile { path, text } = &self.files[file];
        chunks(text, Language::from_path(Path::new(path.as_str())))
    }

    /// Lines of a file, with their ends.
    pub(crate) fn lines(&self, file: usize, lines: LineRange) -> &str {
        let text = &self.files[file].text;
        let range = LineIndex::new(text).bytes_of(lines);
        &text[range.start..range.end]
    }
}
