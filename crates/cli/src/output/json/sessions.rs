//! What `sessions …` and `stats` print.

use std::collections::BTreeMap;

use mlxcode_core::{
    ExportedRecord, ModelStats, Record, Salvaged, SessionHit, SessionStats, SessionSummary,
};
use schemars::JsonSchema;
use serde::Serialize;

/// `sessions list --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionsOutput {
    /// The sessions, the one that was used last first.
    pub sessions: Vec<SessionOutput>,
}

/// One session.
#[derive(Serialize, JsonSchema)]
pub struct SessionOutput {
    /// Its id.
    pub id: String,
    /// Its name, where somebody gave it one.
    pub name: Option<String>,
    /// Its title.
    pub title: String,
    /// The model that it began with.
    pub model: String,
    /// The folder that it works in.
    pub root: String,
    /// How it works.
    pub mode: String,
    /// The session that it was forked from or belongs to.
    pub parent: Option<String>,
    /// The last turn that both share; 0 for none.
    pub parent_turn: u32,
    /// When it began, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was used last, in milliseconds since 1970.
    pub updated_ms: u64,
    /// The number of its last turn.
    pub turns: u32,
    /// How many records its log has.
    pub records: u64,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens of all answers.
    pub completion_tokens: u64,
}

impl SessionOutput {
    /// Describes a session.
    pub fn new(summary: &SessionSummary) -> Self {
        let (parent, parent_turn) = summary.parent.clone().unzip();
        Self {
            id: summary.id.to_string(),
            name: summary.name.clone(),
            title: summary.title.clone(),
            model: summary.model.clone(),
            root: summary.root.clone(),
            mode: summary.mode.clone(),
            parent: parent.map(|parent| parent.to_string()),
            parent_turn: parent_turn.unwrap_or(0),
            created_ms: summary.created_ms,
            updated_ms: summary.updated_ms,
            turns: summary.turns,
            records: summary.records,
            prompt_tokens: summary.prompt_tokens,
            completion_tokens: summary.completion_tokens,
        }
    }
}

/// `sessions show --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionShowOutput {
    /// The session.
    pub session: SessionOutput,
    /// Files that are pinned.
    pub pinned: Vec<String>,
    /// Whether there are records before these.
    pub has_earlier: bool,
    /// The records of the turns that were asked for, oldest first.
    pub records: Vec<SessionRecordOutput>,
}

/// One line of a log.
#[derive(Serialize, JsonSchema)]
pub struct SessionRecordOutput {
    /// Its number in the session, from 0.
    pub seq: u64,
    /// Its turn, its kind, its time and what it tells.
    #[serde(flatten)]
    pub record: ExportedRecord,
}

impl From<Record> for SessionRecordOutput {
    fn from(record: Record) -> Self {
        let Record { seq, turn, kind, time_ms, data } = record;
        Self { seq, record: ExportedRecord { turn, kind: kind.into(), time_ms, data } }
    }
}

/// `sessions search --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionHitsOutput {
    /// The places, best first.
    pub hits: Vec<SessionHitOutput>,
}

/// A place in a conversation.
#[derive(Serialize, JsonSchema)]
pub struct SessionHitOutput {
    /// The session's id.
    pub session: String,
    /// Its name, else its title.
    pub label: String,
    /// The turn.
    pub turn: u32,
    /// The record.
    pub seq: u64,
    /// What the record tells of, such as `user`.
    pub kind: String,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// The text around the first word that was found.
    pub snippet: String,
}

impl From<SessionHit> for SessionHitOutput {
    fn from(hit: SessionHit) -> Self {
        Self {
            session: hit.session.to_string(),
            label: hit.label,
            turn: hit.turn,
            seq: hit.seq,
            kind: hit.kind.into(),
            time_ms: hit.time_ms,
            snippet: hit.snippet,
        }
    }
}

/// `sessions delete --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionsDeletedOutput {
    /// The ids of the sessions that are gone.
    pub deleted: Vec<String>,
}

/// `sessions export --output FILE --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionExportedOutput {
    /// The session's id.
    pub session: String,
    /// The file.
    pub file: String,
    /// Its length.
    pub size_bytes: usize,
}

/// `sessions repair --json`.
#[derive(Serialize, JsonSchema)]
pub struct SessionsRepairOutput {
    /// What was wrong; null: nothing.
    pub damage: Option<String>,
    /// Where the damaged file is kept.
    pub kept_aside: Option<String>,
    /// Sessions that were saved.
    pub sessions: u64,
    /// Records that were saved.
    pub records: u64,
    /// Records that are lost, as far as the sessions tell.
    pub lost: u64,
}

impl From<&Salvaged> for SessionsRepairOutput {
    fn from(salvaged: &Salvaged) -> Self {
        Self {
            damage: salvaged.damage.clone(),
            kept_aside: salvaged.kept_aside.as_ref().map(|path| path.display().to_string()),
            sessions: salvaged.sessions,
            records: salvaged.records,
            lost: salvaged.lost,
        }
    }
}

/// `stats --json`.
#[derive(Serialize, JsonSchema)]
pub struct WorkStatsOutput {
    /// Sessions that were used.
    pub sessions: u64,
    /// Questions and instructions.
    pub queries: u64,
    /// What became of edits.
    pub edits: EditStatsOutput,
    /// The work of all models.
    pub total: ModelWorkOutput,
    /// The work of each model, by its name.
    pub models: BTreeMap<String, ModelWorkOutput>,
    /// The work of each day, by its date in UTC.
    pub days: BTreeMap<String, ModelWorkOutput>,
}

/// What became of edits.
#[derive(Serialize, JsonSchema)]
pub struct EditStatsOutput {
    /// Proposed by a model.
    pub proposed: u64,
    /// Written.
    pub applied: u64,
    /// Refused by the person or by a rule.
    pub rejected: u64,
    /// Taken back later.
    pub undone: u64,
    /// The share of what was decided that was written and not taken back; null
    /// where nothing was decided.
    pub acceptance: Option<f64>,
}

/// What models did.
#[derive(Serialize, JsonSchema)]
pub struct ModelWorkOutput {
    /// Answers.
    pub answers: u64,
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub completion_tokens: u64,
    /// Tokens of a prompt a second.
    pub prefill_tokens_per_second: Option<f64>,
    /// Tokens of an answer a second.
    pub decode_tokens_per_second: Option<f64>,
}

impl From<&ModelStats> for ModelWorkOutput {
    fn from(stats: &ModelStats) -> Self {
        Self {
            answers: stats.answers,
            prompt_tokens: stats.prompt_tokens,
            completion_tokens: stats.completion_tokens,
            prefill_tokens_per_second: stats.speed.prefill_per_second(),
            decode_tokens_per_second: stats.speed.decode_per_second(),
        }
    }
}

impl WorkStatsOutput {
    /// Describes what was counted; `date` writes a day since 1970.
    pub fn new(stats: &SessionStats, date: impl Fn(u64) -> String) -> Self {
        let edits = stats.edits;
        Self {
            sessions: stats.sessions,
            queries: stats.queries,
            edits: EditStatsOutput {
                proposed: edits.proposed,
                applied: edits.applied,
                rejected: edits.rejected,
                undone: edits.undone,
                acceptance: edits.acceptance(),
            },
            total: (&stats.total).into(),
            models: stats.models.iter().map(|(name, one)| (name.clone(), one.into())).collect(),
            days: stats.days.iter().map(|(day, one)| (date(*day), one.into())).collect(),
        }
    }
}
