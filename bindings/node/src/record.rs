//! Plain values that JavaScript reads.

use mlxcode_core as core;
use napi_derive::napi;

/// A passage that search found.
#[napi(object)]
pub struct Hit {
    /// The file, below the root.
    pub path: String,
    /// The first line, from one.
    pub first_line: u32,
    /// The last line, itself inside.
    pub last_line: u32,
    /// Higher is better; only comparable within one search.
    pub score: f64,
    /// The passage.
    pub text: String,
}

impl From<core::Hit> for Hit {
    fn from(hit: core::Hit) -> Self {
        Self {
            path: hit.path.to_string(),
            first_line: hit.lines.first as u32,
            last_line: hit.lines.last as u32,
            score: f64::from(hit.score),
            text: hit.text,
        }
    }
}

/// A passage that an answer rests on.
#[napi(object)]
pub struct Passage {
    /// The file, below the root.
    pub path: String,
    /// The first line, from one.
    pub first_line: u32,
    /// The last line, itself inside.
    pub last_line: u32,
    /// The passage.
    pub text: String,
    /// Why it was chosen.
    pub reason: String,
    /// The tokens it takes in the prompt.
    pub tokens: u32,
}

impl From<&core::Passage> for Passage {
    fn from(passage: &core::Passage) -> Self {
        Self {
            path: passage.path.to_string(),
            first_line: passage.lines.first as u32,
            last_line: passage.lines.last as u32,
            text: passage.text.clone(),
            reason: passage.reason.to_string(),
            tokens: passage.tokens as u32,
        }
    }
}

/// One token.
#[napi(object)]
pub struct Token {
    /// Its number in the vocabulary.
    pub id: u32,
    /// The text that became certain with it; may be empty.
    pub text: String,
    /// The natural logarithm of its probability, before any option changed
    /// it; only with `logProbabilities`.
    pub log_probability: Option<f64>,
    /// The likeliest tokens in its place, the best first, as many as
    /// `logProbabilities` asked for.
    pub likeliest: Vec<LikelyToken>,
}

/// One of the likeliest tokens.
#[napi(object)]
pub struct LikelyToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text alone.
    pub text: String,
    /// The natural logarithm of its probability.
    pub log_probability: f64,
}

impl From<core::Token> for Token {
    fn from(token: core::Token) -> Self {
        let reported = token.log_probabilities.map(|reported| *reported);
        let likely = |token: core::LikelyToken| LikelyToken {
            id: token.id,
            text: token.text,
            log_probability: f64::from(token.log_probability),
        };
        Self {
            id: token.id,
            text: token.text,
            log_probability: reported.as_ref().map(|reported| f64::from(reported.chosen)),
            likeliest: reported.into_iter().flat_map(|reported| reported.top).map(likely).collect(),
        }
    }
}

/// How a generation ended.
#[napi(object)]
pub struct Finished {
    /// `stop`, `length` or `cancelled`.
    pub reason: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens generated.
    pub completion_tokens: u32,
    /// Milliseconds for reading the prompt.
    pub prefill_ms: f64,
    /// Milliseconds for generating.
    pub decode_ms: f64,
}

impl From<&core::Finished> for Finished {
    fn from(finished: &core::Finished) -> Self {
        Self {
            reason: finished.reason.as_str().to_owned(),
            prompt_tokens: finished.usage.prompt_tokens as u32,
            completion_tokens: finished.usage.completion_tokens as u32,
            prefill_ms: finished.timings.prefill_ms,
            decode_ms: finished.timings.decode_ms,
        }
    }
}

/// One change that was applied, to be taken back by its `id`.
#[napi(object)]
pub struct JournalEntry {
    /// Its name, for `undo`.
    pub id: String,
    /// When it was applied, in milliseconds since 1970, UTC.
    pub applied_at_ms: f64,
    /// Who applied it.
    pub actor: String,
    /// `applied` or `undone`.
    pub state: String,
    /// The files it touched.
    pub files: Vec<JournalFile>,
}

/// One file of a journal entry.
#[napi(object)]
pub struct JournalFile {
    /// The file, below the root.
    pub path: String,
    /// `create`, `modify`, `delete` or `rename`.
    pub kind: String,
}

impl From<core::JournalEntry> for JournalEntry {
    fn from(entry: core::JournalEntry) -> Self {
        let file = |path: String, kind: String| JournalFile { path, kind };
        Self {
            files: entry
                .files
                .iter()
                .map(|f| file(f.path.to_string(), f.kind.to_string()))
                .collect(),
            applied_at_ms: entry.applied_at_ms as f64,
            state: entry.state.to_string(),
            id: entry.id,
            actor: entry.actor.to_string(),
        }
    }
}
