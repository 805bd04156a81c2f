use std::path::Path;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_context::TokenCounter;
use mlxcode_models::{ChatTemplate, Tokenizer};

use crate::error::Result;
use crate::library::ModelLibrary;
use crate::model::Model;

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
