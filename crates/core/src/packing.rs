use std::path::Path;

use mlxcode_base::{CancelToken, ErrorKind, Progress, RelPath};
use mlxcode_context::{
    Budget, CodeBase, CodeIndex, CodeSource, CursorRequest, PackRequest, PackedContext,
    PackedCursor, Skipped, TokenCounter,
};
use mlxcode_models::{ChatTemplate, Tokenizer};

use crate::error::Result;
use crate::library::ModelLibrary;
use crate::model::Model;
use crate::workspace::Workspace;

/// What a token takes where nobody counts: about what common vocabularies
/// reach on code.
const BYTES_PER_TOKEN: usize = 4;

/// Counts the tokens of texts that stand in a prompt: as a model does, or about
/// so.
#[derive(Clone, Debug, Default)]
pub struct PromptTokens(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Estimate,
    Model(Model),
    Tokenizer(Tokenizer, Option<ChatTemplate>),
}

impl PromptTokens {
    /// Counts four bytes as a token.
    pub fn estimate() -> Self {
        Self(Kind::Estimate)
    }

    /// Counts as a model that is loaded.
    pub fn of_model(model: &Model) -> Self {
        Self(Kind::Model(model.clone()))
    }

    /// Whether it is no more than an estimate.
    pub fn is_estimate(&self) -> bool {
        matches!(self.0, Kind::Estimate)
    }
}

impl TokenCounter for PromptTokens {
    fn count(&self, text: &str) -> usize {
        // What cannot be counted does not fit anywhere.
        match &self.0 {
            Kind::Estimate => text.len().div_ceil(BYTES_PER_TOKEN),
            Kind::Model(model) => model.language_model().count_text(text).unwrap_or(usize::MAX),
            Kind::Tokenizer(tokenizer, template) => {
                tokenizer.count_text(template.as_ref(), text).unwrap_or(usize::MAX)
            }
        }
    }
}

impl ModelLibrary {
    /// The tokenizer of the model that `reference` names, seen from the folder
    /// `from`. The model is checked, and not loaded.
    pub fn prompt_tokens(
        &self,
        from: &Path,
        reference: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<PromptTokens> {
        let model = self.installed(from, reference, progress, cancel)?;
        Ok(PromptTokens(Kind::Tokenizer(model.tokenizer()?, model.chat_template()?)))
    }
}

/// What goes with a question for a context.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContextOptions {
    /// Files to show whole, before all else.
    pub files: Vec<RelPath>,
    /// The most tokens; `None` takes the configured number, or 4096.
    pub tokens: Option<usize>,
    /// Who counts them.
    pub counter: PromptTokens,
    /// What was packed for the turn before: what of it still holds stays in
    /// front, byte by byte.
    pub earlier: Option<PackedContext>,
    /// Whether what is left is filled with a map.
    pub with_map: bool,
    /// Stops the work.
    pub cancel: CancelToken,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            tokens: None,
            counter: PromptTokens::estimate(),
            earlier: None,
            with_map: true,
            cancel: CancelToken::new(),
        }
    }
}

/// What goes with a cursor.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CursorOptions {
    /// The text of the file in the editor, where that is not saved.
    pub text: Option<String>,
    /// Other files that are open, the one used last first.
    pub open: Vec<RelPath>,
    /// The most tokens; `None` takes the configured number, or 4096.
    pub tokens: Option<usize>,
    /// Who counts them.
    pub counter: PromptTokens,
    /// Stops the work.
    pub cancel: CancelToken,
}

impl Workspace {
    /// Packs what of the code matters for a question into so many tokens, as a
    /// model would be shown it, and tells why each piece is there. The index is
    /// brought up to date before.
    pub fn context(
        &self,
        question: &str,
        options: &ContextOptions,
        progress: &dyn Progress,
    ) -> Result<PackedContext> {
        let code = self.code(&options.cancel, progress)?;
        let budget = Budget::new(self.context_tokens(options.tokens), &options.counter);
        let mut request = PackRequest::new(question);
        request.files = &options.files;
        request.earlier = options.earlier.as_ref();
        request.with_map = options.with_map;
        request.cancel = options.cancel.clone();
        code.pack(&request, &budget)
    }

    /// Packs what a completion at a cursor is given, and tells why each piece
    /// is there; see [`PackedCursor`]. Line and column count from one, the
    /// column in characters.
    ///
    /// # Errors
    /// A file that is none of the tree's, where no text is given, and a line
    /// that it does not have.
    pub fn cursor_context(
        &self,
        path: &RelPath,
        line: usize,
        column: usize,
        options: &CursorOptions,
        progress: &dyn Progress,
    ) -> Result<PackedCursor> {
        let code = self.code(&options.cancel, progress)?;
        let source = code.source();
        let at = match &options.text {
            Some(text) => CodeSource::offset_in(path, text, line, column)?,
            None => source.offset_of(path, line, column)?,
        };
        let budget = Budget::new(self.context_tokens(options.tokens), &options.counter);
        let mut request = CursorRequest::new(path, at);
        request.text = options.text.as_deref();
        request.open = &options.open;
        request.cancel = options.cancel.clone();
        Ok(source.pack_cursor(&request, &budget)?)
    }

    fn context_tokens(&self, asked: Option<usize>) -> usize {
        let tokens = asked.or(self.config().context_tokens);
        tokens.unwrap_or(mlxcode_agent::CONTEXT_TOKENS)
    }

    /// The code by its index, which is brought up to date; where the index
    /// cannot be used, by reading the tree.
    pub(crate) fn code(&self, cancel: &CancelToken, progress: &dyn Progress) -> Result<Code> {
        match self.updated_index(cancel, progress) {
            Ok((index, updated)) => {
                let skipped = updated.map(|updated| updated.skipped).unwrap_or_default();
                Ok(Code::Index { index: Box::new(index), skipped })
            }
            // What the tree itself is to blame for comes again.
            Err(error) if is_of_index(&error) => Ok(Code::Memory(self.scan(cancel)?)),
            Err(error) => Err(error),
        }
    }

    /// As [`code`](Self::code), but reads the tree where there is no index:
    /// that takes a tenth of the time of building one.
    pub(crate) fn code_at_once(&self, cancel: &CancelToken) -> Result<Code> {
        match self.index().and_then(|index| Ok(index.file_count()?)) {
            Ok(1..) => self.code(cancel, &()),
            _ => Ok(Code::Memory(self.scan(cancel)?)),
        }
    }
}

/// Whether an index could not be opened, read or written.
fn is_of_index(error: &crate::error::Error) -> bool {
    error.kind() != ErrorKind::Cancelled && error.code().starts_with("context.index")
        || error.code() == "context.not_an_index"
}

/// The code of a workspace, by its index or in memory.
pub(crate) enum Code {
    Index { index: Box<CodeIndex>, skipped: Skipped },
    Memory(CodeBase),
}

impl Code {
    pub(crate) fn source(&self) -> CodeSource<'_> {
        match self {
            Self::Index { index, skipped } => CodeSource::of_index(index, *skipped),
            Self::Memory(code) => CodeSource::from(code),
        }
    }

    pub(crate) fn is_empty(&self) -> Result<bool> {
        Ok(match self {
            Self::Index { index, .. } => index.file_count()? == 0,
            Self::Memory(code) => code.file_count() == 0,
        })
    }

    pub(crate) fn pack(
        &self,
        request: &PackRequest<'_>,
        budget: &Budget<'_>,
    ) -> Result<PackedContext> {
        Ok(self.source().pack(request, budget)?)
    }
}
