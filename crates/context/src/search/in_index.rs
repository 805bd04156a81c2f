//! Search by means of the index.

use super::lexical::Passages;
use super::symbol::{self, find_symbols};
use super::{Hit, SearchKind, SearchOptions, auto, search_text, semantic};
use crate::error::{Error, Result};
use crate::index::CodeIndex;

impl CodeIndex {
    /// Finds what fits `query`, best first, in the tree as it was when the
    /// index was last updated.
    ///
    /// # Errors
    /// [`Error::IndexDamaged`] where the index cannot be read; the next
    /// [`update`](Self::update) builds it anew.
    pub fn search(&self, query: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
        if query.trim().is_empty() {
            return Err(Error::EmptyQuery);
        }
        match options.kind {
            SearchKind::Auto => auto::find(self, query, options),
            SearchKind::Lexical => Ok(Passages::find(self, query, options)?.hits(options.limit)),
            SearchKind::Symbol => {
                let found = find_symbols(self, query, options.limit, &options.cancel)?;
                Ok(symbol::hits(self, found))
            }
            SearchKind::Semantic => semantic::find(self, query, options),
            SearchKind::Text => search_text(self.root(), self.options(), query, options),
        }
    }
}
