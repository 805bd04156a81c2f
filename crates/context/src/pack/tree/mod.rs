//! The tree that is packed from: files in memory, or an index and the disk.

mod index;
mod memory;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use mlxcode_base::{CancelToken, LineIndex, LineRange, RelPath, Root};

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::graph::FileFacts;
use crate::import::ImportResolver;
use crate::index::CodeIndex;
use crate::mention::{Attachment, Names, ends_in, outermost};
use crate::search::HitReason;
use crate::syntax::Chunk;
use crate::walk::Skipped;

/// Definitions of one name that are of use; `new` has hundreds.
pub const MOST_DEFINITIONS: usize = 5;

/// The code that passages are packed from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CodeSource<'a> {
    /// A tree that was read as a whole.
    Memory(&'a CodeBase),
    /// An index, and the files that it is of.
    Index {
        /// The index, as its last update left it.
        index: &'a CodeIndex,
        /// What that update left out.
        skipped: Skipped,
    },
}

impl<'a> CodeSource<'a> {
    /// The byte of a file at a line and a column, both from one, the column in
    /// characters; one behind the line's end is the line's end.
    ///
    /// # Errors
    /// [`Error::FileNotFound`] and [`Error::NoSuchLine`] for what is not there.
    pub fn offset_of(self, path: &RelPath, line: usize, column: usize) -> Result<usize> {
        let text = match self {
            Self::Memory(code) => memory::text(code, path),
            // Nothing is told of a file that the index does not know.
            Self::Index { index, .. } => {
                index.chunk_data(path).map(|_| index::text(index, path))?
            }
        };
        let text = text.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
        Self::offset_in(path, &text, line, column)
    }

    /// As [`offset_of`](Self::offset_of), in a text that is not saved.
    ///
    /// # Errors
    /// [`Error::NoSuchLine`] for a line that is not there.
    pub fn offset_in(path: &RelPath, text: &str, line: usize, column: usize) -> Result<usize> {
        // A cursor may stand below the last line end.
        let lines = text.split_inclusive('\n').count() + usize::from(text.ends_with('\n'));
        if line == 0 || line > lines.max(1) {
            return Err(Error::NoSuchLine { path: path.clone(), line, lines });
        }
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let rest = text[start..].split('\n').next().unwrap_or_default();
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        let at = rest.char_indices().nth(column.saturating_sub(1));
        Ok(start + at.map_or(rest.len(), |(at, _)| at))
    }

    /// An index whose last update left out some files.
    pub fn of_index(index: &'a CodeIndex, skipped: Skipped) -> Self {
        Self::Index { index, skipped }
    }
}

impl<'a> From<&'a CodeBase> for CodeSource<'a> {
    fn from(code: &'a CodeBase) -> Self {
        Self::Memory(code)
    }
}

impl<'a> From<&'a CodeIndex> for CodeSource<'a> {
    fn from(index: &'a CodeIndex) -> Self {
        Self::Index { index, skipped: Skipped::default() }
    }
}

/// A passage that search found.
pub struct Found {
    pub path: RelPath,
    pub chunk: Chunk,
    pub score: f32,
    /// The words of the question that it holds.
    pub words: Vec<String>,
    pub reasons: Vec<HitReason>,
}

/// A source, with what was read of it.
pub struct Tree<'a> {
    source: CodeSource<'a>,
    cancel: &'a CancelToken,
    files: Arc<Vec<RelPath>>,
    texts: RefCell<HashMap<RelPath, Option<Rc<str>>>>,
    lines: RefCell<HashMap<RelPath, LineIndex>>,
    chunks: RefCell<HashMap<RelPath, Rc<[Chunk]>>>,
    /// Finds the files of imports, in a tree in memory.
    resolver: OnceCell<ImportResolver<'a>>,
}

impl<'a> Tree<'a> {
    pub fn new(source: CodeSource<'a>, cancel: &'a CancelToken) -> Result<Self> {
        let files = match source {
            CodeSource::Memory(code) => Arc::new(memory::files(code)),
            CodeSource::Index { index, .. } => index.kept_files()?,
        };
        let (texts, lines, chunks) = Default::default();
        Ok(Self { source, cancel, files, texts, lines, chunks, resolver: OnceCell::new() })
    }

    pub fn root(&self) -> &'a Root {
        match self.source {
            CodeSource::Memory(code) => code.root(),
            CodeSource::Index { index, .. } => index.root(),
        }
    }

    pub fn skipped(&self) -> Skipped {
        match self.source {
            CodeSource::Memory(code) => code.skipped(),
            CodeSource::Index { skipped, .. } => skipped,
        }
    }

    pub fn check_cancelled(&self) -> Result<()> {
        let is_stopped = match self.source {
            CodeSource::Memory(code) => code.cancel_token().is_cancelled(),
            CodeSource::Index { .. } => false,
        };
        if is_stopped || self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    pub fn holds(&self, path: &RelPath) -> bool {
        self.files.binary_search(path).is_ok()
    }

    /// The text of a file as it is now; `None` where it is none of the tree's
    /// or cannot be read.
    pub fn text(&self, path: &RelPath) -> Option<Rc<str>> {
        if let Some(text) = self.texts.borrow().get(path) {
            return text.clone();
        }
        let text = if self.holds(path) {
            match self.source {
                CodeSource::Memory(code) => memory::text(code, path),
                CodeSource::Index { index, .. } => index::text(index, path),
            }
        } else {
            None
        };
        self.texts.borrow_mut().insert(path.clone(), text.clone());
        text
    }

    /// Lines of a file, with their ends; those behind its end are none.
    pub fn lines(&self, path: &RelPath, lines: LineRange) -> String {
        let Some(text) = self.text(path) else { return String::new() };
        let range = self
            .lines
            .borrow_mut()
            .entry(path.clone())
            .or_insert_with(|| LineIndex::new(&text))
            .bytes_of(lines);
        text.get(range.start..range.end).unwrap_or_default().to_owned()
    }

    pub fn line_count(&self, path: &RelPath) -> usize {
        self.text(path).map_or(0, |text| text.lines().count())
    }

    /// The parts of a file as it is now.
    pub fn chunks(&self, path: &RelPath) -> Result<Rc<[Chunk]>> {
        if let Some(chunks) = self.chunks.borrow().get(path) {
            return Ok(Rc::clone(chunks));
        }
        let chunks: Rc<[Chunk]> = match (self.source, self.text(path)) {
            (CodeSource::Index { index, .. }, Some(text)) => {
                index::chunks(index, path, &text)?.into()
            }
            (CodeSource::Memory(code), Some(_)) => memory::chunks(code, path).into(),
            (_, None) => Rc::new([]),
        };
        self.chunks.borrow_mut().insert(path.clone(), Rc::clone(&chunks));
        Ok(chunks)
    }

    /// The passages that fit a question, best first.
    pub fn found(&self, question: &str, limit: usize) -> Result<Vec<Found>> {
        match self.source {
            CodeSource::Memory(code) => memory::found(code, question, limit),
            CodeSource::Index { index, .. } => {
                index::found(self, index, question, limit, self.cancel)
            }
        }
    }

    /// Where `name` is defined, the likeliest first: of `owner`, where one is
    /// given and has it, else of any.
    pub fn definitions(&self, name: &str, owner: Option<&str>) -> Result<Vec<(RelPath, Chunk)>> {
        match self.source {
            CodeSource::Memory(code) => memory::definitions(code, name, owner),
            CodeSource::Index { index, .. } => index::definitions(self, index, name, owner),
        }
    }

    /// What some files of code say, by path.
    pub fn facts(&self, paths: &[RelPath]) -> Result<Vec<FileFacts>> {
        self.check_cancelled()?;
        match self.source {
            CodeSource::Memory(code) => {
                let resolver = self.resolver.get_or_init(|| ImportResolver::new(code));
                Ok(memory::facts(code, paths, resolver))
            }
            CodeSource::Index { index, .. } => index.facts_of(paths, &|path| self.text(path)),
        }
    }

    /// The files that define each of some names, by path. A tree in memory
    /// does not know it.
    pub fn defining(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<RelPath>>> {
        let CodeSource::Index { index, .. } = self.source else { return Ok(BTreeMap::new()) };
        let found = index.defining(names)?.into_iter();
        let paths =
            |files: Vec<crate::index::Defining>| files.into_iter().map(|file| file.path).collect();
        Ok(found.map(|(name, files)| (name, paths(files))).collect())
    }
}

impl Names for Tree<'_> {
    fn file(&self, name: &str) -> Option<RelPath> {
        outermost(self.files.iter().filter(|path| ends_in(path, name))).cloned()
    }

    fn files(&self) -> &[RelPath] {
        &self.files
    }

    fn attachment(&self, name: &str) -> Option<Attachment> {
        Attachment::at(self.root(), &RelPath::new(name).ok()?)
    }
}
