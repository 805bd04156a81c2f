//! What was done, counted. Nothing of it leaves the machine.

use std::collections::BTreeMap;

use rusqlite::params;
use serde_json::Value;

use super::record::EditOutcome;
use super::{Problem, Result, SessionStore, number, signed};

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// What was done in a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Sessions that something was appended to.
    pub sessions: u64,
    /// Questions and instructions.
    pub queries: u64,
    /// What became of edits.
    pub edits: EditStats,
    /// The work of all models.
    pub total: ModelStats,
    /// The work of each model, by its name.
    pub models: BTreeMap<String, ModelStats>,
    /// The work of each day, by the number of the day since 1970 in UTC.
    pub days: BTreeMap<u64, ModelStats>,
}

/// What became of edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditStats {
    /// Proposed by a model.
    pub proposed: u64,
    /// Written.
    pub applied: u64,
    /// Refused by the person or by a rule.
    pub rejected: u64,
    /// Taken back later.
    pub undone: u64,
}

impl EditStats {
    /// The share of what was decided that was written and not taken back;
    /// `None` where nothing was decided.
    pub fn acceptance(&self) -> Option<f64> {
        let decided = self.applied + self.rejected;
        let kept = self.applied.saturating_sub(self.undone);
        (decided > 0).then(|| kept as f64 / decided as f64)
    }
}

/// What models did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelStats {
    /// Answers.
    pub answers: u64,
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub completion_tokens: u64,
    /// How fast.
    pub speed: SpeedStats,
}

/// The sums that speeds are of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SpeedStats {
    /// Tokens of prompts of which the time is known.
    pub prefill_tokens: u64,
    /// Milliseconds for them.
    pub prefill_ms: f64,
    /// Tokens after the first of answers of which the time is known.
    pub decode_tokens: u64,
    /// Milliseconds for them.
    pub decode_ms: f64,
}

impl SpeedStats {
    /// Tokens of a prompt a second. Those that were found computed count too, so
    /// that it can be more than the machine's.
    pub fn prefill_per_second(&self) -> Option<f64> {
        rate(self.prefill_tokens, self.prefill_ms)
    }

    /// Tokens of an answer a second.
    pub fn decode_per_second(&self) -> Option<f64> {
        rate(self.decode_tokens, self.decode_ms)
    }
}

fn rate(tokens: u64, ms: f64) -> Option<f64> {
    (tokens > 0 && ms > 0.0).then(|| tokens as f64 * 1_000.0 / ms)
}

impl ModelStats {
    fn add(&mut self, data: &Value) {
        let tokens = |name: &str| data["usage"][name].as_u64().unwrap_or(0);
        let ms = |name: &str| {
            data["timings"][name].as_f64().filter(|ms| ms.is_finite() && *ms > 0.0).unwrap_or(0.0)
        };
        let (prompt, completion) = (tokens("prompt_tokens"), tokens("completion_tokens"));
        self.answers += 1;
        self.prompt_tokens = self.prompt_tokens.saturating_add(prompt);
        self.completion_tokens = self.completion_tokens.saturating_add(completion);
        let (prefill, decode) = (ms("prefill_ms"), ms("decode_ms"));
        if prefill > 0.0 {
            self.speed.prefill_tokens = self.speed.prefill_tokens.saturating_add(prompt);
            self.speed.prefill_ms += prefill;
        }
        if decode > 0.0 {
            let after_first = completion.saturating_sub(1);
            self.speed.decode_tokens = self.speed.decode_tokens.saturating_add(after_first);
            self.speed.decode_ms += decode;
        }
    }
}

impl SessionStore {
    /// Counts what was done from `from_ms` until before `to_ms`, both in
    /// milliseconds since 1970. What forks share counts once; what was deleted
    /// counts no longer.
    pub fn stats(&self, from_ms: u64, to_ms: u64) -> Result<SessionStats> {
        self.read(|file| {
            let span = params![signed(from_ms), signed(to_ms)];
            let mut stats = SessionStats::default();
            stats.sessions = file.query_row(
                "SELECT count(*) FROM session WHERE EXISTS (SELECT 1 FROM record
                 WHERE session = session.id AND time_ms >= ?1 AND time_ms < ?2)",
                span,
                |row| number(row, 0),
            )?;
            stats.queries = file.query_row(
                "SELECT count(DISTINCT body) FROM record
                 WHERE kind = 'user' AND time_ms >= ?1 AND time_ms < ?2",
                span,
                |row| number(row, 0),
            )?;
            let mut query = file.prepare_cached(
                "SELECT kind, min(time_ms), data FROM record JOIN body ON body.id = body
                 WHERE kind IN ('generation', 'edit') AND time_ms >= ?1 AND time_ms < ?2
                 GROUP BY body",
            )?;
            let mut rows = query.query(span)?;
            while let Some(row) = rows.next()? {
                let (kind, time_ms) = (row.get::<_, String>(0)?, number(row, 1)?);
                let data: Value =
                    serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or_default())
                        .map_err(|_| Problem::Damage("a record was changed".to_owned()))?;
                if kind == "edit" {
                    stats.edits.add(&data);
                } else {
                    let model = data["model"].as_str().unwrap_or("unknown").to_owned();
                    stats.total.add(&data);
                    stats.models.entry(model).or_default().add(&data);
                    stats.days.entry(time_ms / DAY_MS).or_default().add(&data);
                }
            }
            Ok(stats)
        })
    }
}

impl EditStats {
    fn add(&mut self, data: &Value) {
        let edits = data["edits"].as_u64().unwrap_or(0);
        let outcome = serde_json::from_value::<EditOutcome>(data["outcome"].clone());
        let sum = match outcome {
            Ok(EditOutcome::Proposed) => &mut self.proposed,
            Ok(EditOutcome::Applied) => &mut self.applied,
            Ok(EditOutcome::Rejected) => &mut self.rejected,
            Ok(EditOutcome::Undone) => &mut self.undone,
            // A later program may know more of them.
            Err(_) => return,
        };
        *sum = sum.saturating_add(edits);
    }
}
