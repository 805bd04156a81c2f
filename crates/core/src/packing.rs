use std::path::Path;

use mlxcode_base::{CancelToken, ErrorKind, Progress, RelPath};
use mlxcode_context::{
    Budget, CodeBase, CodeIndex, CodeSource, PackRequest, PackedContext, Skipped, TokenCounter,
};
use mlxcode_models::{ChatTemplate, Tokenizer};

use crate::error::Result;
use crate::library::ModelLibrary;
use crate::workspace::Workspace;

/// What a tokenizer's place takes where there is none: about what common
/// vocabularies reach on code.
const BYTES_PER_TOKEN: usize = 4;

/// Counts tokens: as a model does, or about so.
#[derive(Clone, Debug, Default)]
pub struct PromptTokens(Option<(Tokenizer, Option<ChatTemplate>)>);

impl PromptTokens {
    /// Counts four bytes as a token.
    pub fn estimate() -> Self {
        Self(None)
    }

    /// Whether it is no more than an estimate.
    pub fn is_estimate(&self) -> bool {
        self.0.is_none()
    }
}

impl TokenCounter for PromptTokens {
    fn count(&self, text: &str) -> usize {
        let counted = self.0.as_ref().map(|(tokenizer, template)| {
            // One that fails on a text does not fit anywhere.
            tokenizer.count_text(template.as_ref(), text).unwrap_or(usize::MAX)
        });
        counted.unwrap_or_else(|| text.len().div_ceil(BYTES_PER_TOKEN))
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
        Ok(PromptTokens(Some((model.tokenizer()?, model.chat_template()?))))
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
        let tokens = options.tokens.or(self.config().context_tokens);
        let tokens = tokens.unwrap_or(mlxcode_agent::CONTEXT_TOKENS);
        let budget = Budget::new(tokens, &options.counter);
        let mut request = PackRequest::new(question);
        request.files = &options.files;
        request.earlier = options.earlier.as_ref();
        request.with_map = options.with_map;
        request.cancel = options.cancel.clone();
        code.pack(&request, &budget)
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
