use mlxcode_base::{CancelToken, Progress, RelPath};
use mlxcode_context::{
    Budget, CodeSource, CursorRequest, PackRequest, PackedContext, PackedCursor,
};

use crate::error::Result;
use crate::tokens::PromptTokens;
use crate::workspace::Workspace;

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
        if question.trim().is_empty() && options.files.is_empty() {
            return Err(mlxcode_agent::Error::EmptyInput { what: "question" }.into());
        }
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
        code.mended(&options.cancel, |source| Ok(source.pack_cursor(&request, &budget)?))
    }

    fn context_tokens(&self, asked: Option<usize>) -> usize {
        let tokens = asked.or(self.config().context_tokens);
        tokens.unwrap_or(mlxcode_agent::CONTEXT_TOKENS)
    }
}
