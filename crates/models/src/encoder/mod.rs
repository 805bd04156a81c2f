//! Models like BERT that make vectors of texts, as sentence-transformers and
//! transformers write them.

mod config;
mod modules;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::files::read_json;
use crate::installed::refused;
use crate::safetensors::SafetensorsHeader;
use crate::tokenizer::Tokenizer;
use modules::Modules;

pub use config::{EncoderActivation, EncoderConfig};
pub use modules::Pooling;

/// Beyond any configuration.
const MOST_CONFIG_BYTES: u64 = 32 << 20;

/// How many letters of a text are given to the tokenizer for each token that
/// counts: the longest words of a vocabulary are shorter on the mean, and a
/// passage of megabytes is not read to its end for five hundred tokens.
const LETTERS_A_TOKEN: usize = 64;

/// The marks that a text stands between.
type Marks = (Option<u32>, Option<u32>);

/// What is read of a model that makes vectors, all but its weights.
#[derive(Clone, Debug)]
pub struct EncoderModel {
    path: PathBuf,
    config: EncoderConfig,
    header: SafetensorsHeader,
    tokenizer: Tokenizer,
    modules: Modules,
    marks: Marks,
    most_tokens: usize,
    prompts: Prompts,
}

/// What is put before texts, where a model was trained so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Prompts {
    query: String,
    passage: String,
}

impl EncoderModel {
    /// Reads and checks `config.json`, `tokenizer.json`, the headers of the
    /// weights, and what sentence-transformers adds: `modules.json` with the
    /// pooling, `sentence_bert_config.json` and
    /// `config_sentence_transformers.json`.
    ///
    /// # Errors
    /// Where a file is missing or damaged, or says what is not computed here.
    pub fn open(folder: &Path) -> Result<Self> {
        let place = folder.join("config.json");
        let Some(text) = read_json(&place, MOST_CONFIG_BYTES)? else {
            let reason = "it has no config.json".to_owned();
            return Err(Error::NotAModel { path: folder.to_owned(), reason });
        };
        let config = EncoderConfig::of_json(&text).map_err(|problem| refused(&place, problem))?;
        let modules = Modules::read(folder)?;
        let header = SafetensorsHeader::read_folder(folder)?;
        let place = folder.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&place)?;
        let tokens = tokenizer.vocab_size();
        if tokens > config.vocab_size {
            let (path, rows) = (folder.to_owned(), config.vocab_size);
            return Err(Error::TokenizerMismatch { path, tokens, rows });
        }
        let marks = marks(&place, &tokenizer)?;
        let about = read_json(&folder.join("tokenizer_config.json"), MOST_CONFIG_BYTES)?;
        let most_tokens = most_tokens(&config, &modules, about.as_ref());
        let prompts = read_json(&folder.join("config_sentence_transformers.json"), 1 << 20)?;
        let prompts = prompts.as_ref().map(Prompts::of_json).unwrap_or_default();
        let path = folder.to_owned();
        Ok(Self { path, config, header, tokenizer, modules, marks, most_tokens, prompts })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its sizes and constants.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Where its weights lie.
    pub fn header(&self) -> &SafetensorsHeader {
        &self.header
    }

    /// How the states of tokens become one vector.
    pub fn pooling(&self) -> Pooling {
        self.modules.pooling
    }

    /// Whether vectors are made as long as 1.
    pub fn is_normalised(&self) -> bool {
        self.modules.is_normalised
    }

    /// All settings that the vectors hang on, beside the weights: who keeps
    /// vectors tells by it whether they are still those of this model.
    pub fn settings(&self) -> String {
        let Self { config, modules, marks, most_tokens, prompts, .. } = self;
        format!("{config:?} {modules:?} {marks:?} {most_tokens} {prompts:?}")
    }

    /// The tokens of a passage, cut to those that the model takes.
    pub fn encode_passage(&self, text: &str) -> Result<Vec<u32>> {
        self.encode(&self.prompts.passage, text)
    }

    /// The tokens of a question, cut to those that the model takes.
    pub fn encode_query(&self, text: &str) -> Result<Vec<u32>> {
        self.encode(&self.prompts.query, text)
    }

    fn encode(&self, prompt: &str, text: &str) -> Result<Vec<u32>> {
        let most = self.most_tokens.saturating_mul(LETTERS_A_TOKEN);
        let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
        let mut text = format!("{prompt}{}", &text[..end]);
        if self.modules.in_lower_case {
            text = text.to_lowercase();
        }
        let mut ids = self.tokenizer.encode(&text, false)?;
        let (first, last) = self.marks;
        let count = first.iter().chain(&last).count();
        ids.truncate(self.most_tokens.saturating_sub(count));
        Ok(first.into_iter().chain(ids).chain(last).collect())
    }
}

impl Prompts {
    /// Reads `config_sentence_transformers.json`.
    fn of_json(config: &Value) -> Self {
        let prompts = &config["prompts"];
        let named = |name: &str| prompts[name].as_str().map(str::to_owned);
        let usual = config["default_prompt_name"].as_str().and_then(named).unwrap_or_default();
        let passage = ["document", "passage", "corpus"].into_iter().find_map(named);
        let query = named("query").unwrap_or_else(|| usual.clone());
        Self { query, passage: passage.unwrap_or(usual) }
    }
}

/// The tokens that stand around every text, found by encoding nothing.
fn marks(place: &Path, tokenizer: &Tokenizer) -> Result<Marks> {
    match tokenizer.encode("", true)?[..] {
        [] => Ok((None, None)),
        [first, last] => Ok((Some(first), Some(last))),
        _ => {
            let what = "a tokenizer with other marks than one before and one after a text".into();
            Err(Error::UnsupportedModel { path: place.to_owned(), what })
        }
    }
}

/// The most tokens of a text: what the model was made for, and no more than it
/// has positions.
fn most_tokens(config: &EncoderConfig, modules: &Modules, about: Option<&Value>) -> usize {
    let told = || {
        // Where nothing is known, a number beyond all numbers stands there.
        about?["model_max_length"].as_u64().and_then(|most| most.try_into().ok())
    };
    let most = modules.most_tokens.or_else(told).unwrap_or(usize::MAX);
    most.clamp(3, config.most_tokens())
}
