//! What `audit` and `audit verify` print.

use mlxcode_core::{AuditRecord, AuditReport, Audited, AuditedDecision};
use schemars::JsonSchema;
use serde::Serialize;

/// `audit --json`.
#[derive(Serialize, JsonSchema)]
pub struct AuditOutput {
    /// The lines, oldest first.
    pub records: Vec<AuditRecordOutput>,
}

/// One file that was changed, or something that was decided.
#[derive(Serialize, JsonSchema)]
pub struct AuditRecordOutput {
    /// The number of the line.
    pub seq: u64,
    /// When, in milliseconds since 1970, UTC.
    pub time_ms: u64,
    /// `apply`, `undo`, `redo` or `decide`.
    pub turn: String,
    /// The entry of the journal; null of a decision, as all that is said of a
    /// file.
    pub entry: Option<String>,
    /// The command, or the program that uses the library.
    pub command: String,
    /// The conversation; null where there is none.
    pub session: Option<String>,
    /// The model that wrote the edits; null where none is known.
    pub model: Option<String>,
    /// The file, below the root.
    pub path: Option<String>,
    /// `create`, `modify`, `delete` or `rename`.
    pub kind: Option<String>,
    /// SHA-256 before; null where the file did not exist.
    pub hash_before: Option<String>,
    /// SHA-256 after; null where the file does not exist.
    pub hash_after: Option<String>,
    /// How exactly the edits fitted; null where nothing had to be placed.
    pub level: Option<String>,
    /// What was decided; null of a file that was changed.
    pub decision: Option<AuditDecisionOutput>,
}

/// Something that was allowed or refused.
#[derive(Serialize, JsonSchema)]
pub struct AuditDecisionOutput {
    /// What was to be done.
    pub what: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Who decided: a person, or a rule in words.
    pub by: String,
}

impl AuditRecordOutput {
    /// Describes a line.
    pub fn new(record: &AuditRecord) -> Self {
        let file = record.what.file();
        let decision = match &record.what {
            Audited::Decide(AuditedDecision { what, allowed, by, .. }) => {
                Some(AuditDecisionOutput { what: what.clone(), allowed: *allowed, by: by.clone() })
            }
            _ => None,
        };
        Self {
            seq: record.seq,
            time_ms: record.time_ms,
            turn: record.what.as_str().to_owned(),
            entry: file.map(|file| file.entry.clone()),
            command: record.actor.command.clone(),
            session: record.actor.session.clone(),
            model: record.actor.model.clone(),
            path: file.map(|file| file.path.to_string()),
            kind: file.map(|file| file.kind.to_string()),
            hash_before: file.and_then(|file| Some(file.hash_before?.to_string())),
            hash_after: file.and_then(|file| Some(file.hash_after?.to_string())),
            level: file.and_then(|file| file.level.clone()),
            decision,
        }
    }
}

/// `audit verify --json`.
#[derive(Serialize, JsonSchema)]
pub struct AuditVerifyOutput {
    /// Whether every line is as it was written, as far as the chain can tell.
    pub intact: bool,
    /// How many lines are as they were written.
    pub sound: usize,
    /// How many older lines the log has dropped to keep its limit.
    pub dropped: u64,
    /// The hash of the last line, to be noted elsewhere; null where there is none.
    pub head: Option<String>,
    /// What is wrong, in order.
    pub findings: Vec<AuditFindingOutput>,
}

/// What is wrong at one place.
#[derive(Serialize, JsonSchema)]
pub struct AuditFindingOutput {
    /// The file of the log; null where the log as a whole is meant.
    pub file: Option<String>,
    /// The line of that file, from one; null where none is left to show.
    pub line: Option<usize>,
    /// What is wrong, for people.
    pub message: String,
}

impl AuditVerifyOutput {
    /// Describes what was found.
    pub fn new(report: &AuditReport) -> Self {
        let finding = |finding: &mlxcode_core::AuditFinding| AuditFindingOutput {
            file: Some(finding.file.clone()).filter(|file| !file.is_empty()),
            line: Some(finding.line).filter(|line| *line > 0),
            message: finding.flaw.to_string(),
        };
        Self {
            intact: report.is_intact(),
            sound: report.sound,
            dropped: report.dropped,
            head: report.head.map(|head| head.to_string()),
            findings: report.findings.iter().map(finding).collect(),
        }
    }
}
