use std::sync::Arc;

use mlxcode_base::{CancelToken, ContentHash, Diagnostic as _, Embedder, ErrorKind, Progress};
use mlxcode_context::{CodeBase, CodeIndex, Hit, SearchKind, SearchOptions, Updated, search_text};

use crate::embedding::open_embedder;
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// What a search found, and what it had to do before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FoundCode {
    /// The places, best first.
    pub hits: Vec<Hit>,
    /// What the update of the index did. `None` where none was needed, for text,
    /// or where another process was at it: then the hits are of the tree as it
    /// was before.
    pub updated: Option<Updated>,
    /// Why the index could not be used, where the tree was read instead.
    pub without_index: Option<String>,
}

impl Workspace {
    /// Opens the index of this tree, which need not exist. It lies outside of
    /// the tree, in [`Dirs::indexes`](crate::Dirs::indexes), and is as its last
    /// update left it.
    pub fn index(&self) -> Result<CodeIndex> {
        let name = ContentHash::of(self.root().as_os_str().as_encoded_bytes()).short();
        let place = self.dirs.indexes().join(format!("{name}.sqlite3"));
        Ok(CodeIndex::open(&place, &self.root, self.walk_options())?)
    }

    /// Finds what fits `query` by the index, which is updated first. Text is
    /// searched for in the files themselves; passages about the same by the
    /// vectors of the configured model, where there is one.
    pub fn find(
        &self,
        query: &str,
        options: &SearchOptions,
        progress: &dyn Progress,
    ) -> Result<FoundCode> {
        self.find_with(query, options, None, progress)
    }

    /// Finds what fits `query` as [`find`](Self::find) does, with a model for
    /// vectors in place of the configured one.
    pub fn find_with(
        &self,
        query: &str,
        options: &SearchOptions,
        embedder: Option<Arc<dyn Embedder>>,
        progress: &dyn Progress,
    ) -> Result<FoundCode> {
        if options.kind == SearchKind::Text {
            let hits = search_text(&self.root, &self.walk_options(), query, options)?;
            return Ok(FoundCode { hits, updated: None, without_index: None });
        }
        let embedder = match (options.kind, embedder, self.embedder_folder()) {
            (SearchKind::Semantic, None, Some(folder)) => Some(open_embedder(&folder)?),
            (_, given, _) => given,
        };
        match self.find_by_index(query, options, embedder, progress) {
            Err(error) if index_is_at_fault(&error) && by_words(options.kind) => {
                let code = CodeBase::open(&self.root, &self.walk_options(), &options.cancel)?;
                let hits = code.search(query, options.limit)?;
                Ok(FoundCode { hits, updated: None, without_index: Some(error.to_string()) })
            }
            found => found,
        }
    }

    fn find_by_index(
        &self,
        query: &str,
        options: &SearchOptions,
        embedder: Option<Arc<dyn Embedder>>,
        progress: &dyn Progress,
    ) -> Result<FoundCode> {
        let (mut index, mut updated) = self.updated_index(&options.cancel, progress)?;
        if let Some(embedder) = embedder {
            index = index.with_embedder(embedder);
            // Minutes may pass the first time. Vectors that are learned take
            // seconds, and the search makes them.
            match index.update_vectors(&options.cancel, progress) {
                // The search finds the same, and has it mended.
                Err(error) if error.kind() != ErrorKind::Corrupt => return Err(error.into()),
                _ => {}
            }
        }
        let hits = match index.search(query, options) {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                updated = Some(index.update(&options.cancel, progress)?);
                index.search(query, options)?
            }
            hits => hits?,
        };
        Ok(FoundCode { hits, updated, without_index: None })
    }

    /// The index as the tree is now, or as another process found it that is at
    /// it.
    pub(crate) fn updated_index(
        &self,
        cancel: &CancelToken,
        progress: &dyn Progress,
    ) -> Result<(CodeIndex, Option<Updated>)> {
        let index = self.index()?;
        // Where there is nothing yet, one waits for who builds it.
        let updated = if index.file_count()? == 0 {
            Some(index.update(cancel, progress)?)
        } else {
            index.try_update(cancel, progress)?
        };
        Ok((index, updated))
    }
}

/// Whether it is the index that could not be opened, read or written: a full
/// disk, a folder that cannot be written, a file of somebody else. The tree can
/// be read all the same.
pub(crate) fn index_is_at_fault(error: &Error) -> bool {
    error.kind() != ErrorKind::Cancelled
        && (error.code().starts_with("context.index") || error.code() == "context.not_an_index")
}

/// What the tree in memory answers too.
fn by_words(kind: SearchKind) -> bool {
    matches!(kind, SearchKind::Auto | SearchKind::Lexical)
}
