//! Documents of the verbs that find places in the code.

use std::path::Path;

use mlxcode_core::{Hit, HitReason, Rebuilt, SearchKind, Updated};
use schemars::JsonSchema;
use serde::Serialize;

use super::SkippedOutput;

/// `search --json`.
#[derive(Serialize, JsonSchema)]
pub struct HitsOutput {
    /// The query as given.
    pub query: String,
    /// How it was searched for: `auto`, `text`, `lexical`, `symbol`, `semantic`.
    pub kind: String,
    /// The places, best first.
    pub hits: Vec<HitOutput>,
}

/// A place that search found.
#[derive(Serialize, JsonSchema)]
pub struct HitOutput {
    /// The file, below the root.
    pub path: String,
    /// The first line, from one.
    pub start_line: usize,
    /// The last line, itself inside.
    pub end_line: usize,
    /// The line that shows best what was found.
    pub line: usize,
    /// Higher is better; only comparable within one search.
    pub score: f32,
    /// Why it was found, the strongest reason first.
    pub reasons: Vec<String>,
    /// The lines' text.
    pub text: String,
}

impl HitsOutput {
    /// Describes what was found.
    pub fn new(query: &str, kind: SearchKind, hits: &[Hit]) -> Self {
        let hit = |hit: &Hit| HitOutput {
            path: hit.path.to_string(),
            start_line: hit.lines.first,
            end_line: hit.lines.last,
            line: hit.best_line,
            score: hit.score,
            reasons: hit.reasons.iter().map(HitReason::to_string).collect(),
            text: hit.text.clone(),
        };
        let (query, kind) = (query.to_owned(), kind.as_str().to_owned());
        Self { query, kind, hits: hits.iter().map(hit).collect() }
    }
}

/// `index --json`.
#[derive(Serialize, JsonSchema)]
pub struct IndexOutput {
    /// The index's file.
    pub path: String,
    /// The text files that it knows.
    pub files: usize,
    /// Files that are new.
    pub added: usize,
    /// Files whose text is another.
    pub changed: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files that are as they were.
    pub unchanged: usize,
    /// Files that were left out.
    pub skipped: SkippedOutput,
    /// Why all was read anew: `damaged` or `other_layout`; null where it was
    /// not.
    pub rebuilt: Option<String>,
}

impl IndexOutput {
    /// Describes an update.
    pub fn new(path: &Path, files: usize, updated: &Updated) -> Self {
        let rebuilt = updated.rebuilt.map(|why| match why {
            Rebuilt::Damaged => "damaged",
            _ => "other_layout",
        });
        Self {
            path: path.display().to_string(),
            files,
            added: updated.added,
            changed: updated.changed,
            removed: updated.removed,
            unchanged: updated.unchanged,
            skipped: SkippedOutput::from(&updated.skipped),
            rebuilt: rebuilt.map(str::to_owned),
        }
    }
}
