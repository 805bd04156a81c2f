use std::borrow::Cow;
use std::path::Path;

use mlxcode_base::{CancelToken, Language, LineIndex, LineRange, RelPath, Root};

use crate::error::{Error, Result};
use crate::import::FileSet;
use crate::mention::{Mention, ends_in, mentions, outermost};
use crate::origin::Origin;
use crate::pack::MOST_DEFINITIONS;
use crate::search::{Hit, NAMED_FACTOR, RankedChunk, rank_chunks, rank_files, sort, standing};
use crate::syntax::{Chunk, chunks, language_of};
use crate::terms::Query;
use crate::walk::{Skipped, SourceFile, WalkOptions, walk};

/// Files that are parsed to find a symbol that a question names.
const SYMBOL_FILES: usize = 40;

/// The text files of a tree, in memory.
#[derive(Clone, Debug)]
pub struct CodeBase {
    root: Root,
    files: Vec<SourceFile>,
    skipped: Skipped,
    cancel: CancelToken,
}

impl CodeBase {
    /// Reads the tree. `cancel` stops this and all later work on it.
    pub fn open(root: &Root, options: &WalkOptions, cancel: &CancelToken) -> Result<Self> {
        let (files, skipped) = walk(root, options, cancel)?;
        Ok(Self { root: root.clone(), files, skipped, cancel: cancel.clone() })
    }

    /// How many files were read.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// How many files were left out, and why.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Who wrote the file at `path`; `None` where it was not read.
    pub fn origin(&self, path: &RelPath) -> Option<Origin> {
        self.number_of(path).map(|number| self.files[number].origin)
    }

    /// The passages that fit `query` best, best first.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>> {
        let ranked = self.ranked(query)?.into_iter().take(limit);
        let query = Query::new(query);
        let hit = |one: RankedChunk| {
            let (path, text) = (self.path(one.file), self.lines(one.file, one.chunk.lines));
            one.hit(path, text, &query)
        };
        Ok(ranked.map(hit).collect())
    }

    /// The files and symbols of this code that a question names.
    pub fn mentions(&self, question: &str) -> Vec<Mention> {
        mentions(question, &|name| {
            let named = self.files.iter().map(|file| &file.path).filter(|path| ends_in(path, name));
            outermost(named).cloned()
        })
    }

    pub(crate) fn ranked(&self, question: &str) -> Result<Vec<RankedChunk>> {
        let query = Query::new(question);
        let rank = rank_files(&self.files, &query, &self.cancel)?;
        let mut ranked = rank_chunks(&self.files, &rank, &query, &self.cancel)?;
        let mentions = self.mentions(question);
        for one in &mut ranked {
            if mentions.iter().any(|mention| mention.is_of(self.path(one.file), &one.chunk)) {
                one.score *= NAMED_FACTOR;
            }
        }
        sort(&mut ranked);
        Ok(ranked)
    }

    /// Where `name` is defined, the likeliest first: of `owner`, where one is
    /// given and has it, else of any.
    pub(crate) fn definitions(
        &self,
        name: &str,
        owner: Option<&str>,
    ) -> Result<Vec<(usize, Chunk)>> {
        let query = Query::new(name);
        let mut holding: Vec<(bool, f32, usize)> = Vec::new();
        for (number, file) in self.files.iter().enumerate() {
            if is_code(&file.path) && places(&file.text, name).next().is_some() {
                let written = is_defined_by_its_look(&file.text, name);
                holding.push((!written, -standing(&file.path, file.origin, &query), number));
            }
        }
        holding.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut found = Vec::new();
        for (_, _, number) in holding.into_iter().take(SYMBOL_FILES) {
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let defining = self.chunks(number).into_iter();
            let defining =
                defining.filter(|chunk| chunk.names.iter().any(|defined| defined == name));
            found.extend(defining.map(|chunk| (number, chunk)));
        }
        if let Some(owner) = owner {
            let (its, others): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|(file, chunk)| chunk.is_owned(self.path(*file), owner));
            found = if its.is_empty() { others } else { its };
        }
        found.truncate(MOST_DEFINITIONS);
        Ok(found)
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn number_of(&self, path: &RelPath) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.cmp(path)).ok()
    }

    pub(crate) fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    pub(crate) fn path(&self, file: usize) -> &RelPath {
        &self.files[file].path
    }

    pub(crate) fn text(&self, file: usize) -> &str {
        &self.files[file].text
    }

    pub(crate) fn chunks(&self, file: usize) -> Vec<Chunk> {
        chunks(self.text(file), self.language(file))
    }

    pub(crate) fn language(&self, file: usize) -> Option<Language> {
        let SourceFile { path, text, .. } = &self.files[file];
        language_of(Path::new(path.as_str()), text)
    }

    /// Lines of a file, with their ends.
    pub(crate) fn lines(&self, file: usize, lines: LineRange) -> &str {
        let text = &self.files[file].text;
        let range = LineIndex::new(text).bytes_of(lines);
        &text[range.start..range.end]
    }
}

impl FileSet for CodeBase {
    fn paths(&self) -> Vec<RelPath> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    fn text(&self, path: &RelPath) -> Option<Cow<'_, str>> {
        self.number_of(path).map(|number| Cow::Borrowed(self.files[number].text.as_str()))
    }
}

/// Where `name` stands in `text` as a word of its own, not as a part of a
/// longer one.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        !text[..*at].ends_with(goes_on) && !text[at + name.len()..].starts_with(goes_on)
    })
}

/// Tells whether a file defines things; the names in data and prose do not.
fn is_code(path: &RelPath) -> bool {
    Language::from_path(path.as_path()).is_some_and(Language::is_code)
}

/// Tells whether a definition of `name` seems to be in `text`, by the words
/// before it: where many files hold a name, these are to be parsed first.
fn is_defined_by_its_look(text: &str, name: &str) -> bool {
    const BEFORE: [&str; 22] = [
        "class",
        "concept",
        "const",
        "def",
        "define",
        "enum",
        "fn",
        "func",
        "function",
        "interface",
        "let",
        "macro_rules!",
        "mod",
        "module",
        "namespace",
        "record",
        "static",
        "struct",
        "trait",
        "type",
        "union",
        "var",
    ];
    places(text, name).any(|at| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let word = BEFORE.iter().any(|word| before.ends_with(word));
        // `func (t T) name` of Go.
        let receiver = before.ends_with(')') && before.len() < at;
        word && before.len() < at || receiver
    })
}
