//! Changes of a workspace: planned, applied, taken back, looked up.

use std::sync::Arc;

use mlxcode_base::{ContentHash, RelPath};
use mlxcode_edit::{
    Actor, AuditRecord, AuditReport, AuditedDecision, EditPlan, EditPolicy, FileOperation, Journal,
    JournalEntry, JournalOptions, ParsedItem, RenamePattern, ResolveOptions, apply, parse_reply,
};

use crate::error::{Error, Result};
use crate::input::InputError;
use crate::syntax::Grammars;
use crate::workspace::Workspace;

/// How edits are placed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Globs of files that are changed though they are protected.
    pub allow_protected: Vec<String>,
    /// Whether an edit that is not placed exactly may leave its file with more
    /// syntax errors than it had.
    pub ignore_syntax: bool,
}

/// Which lines of the audit log to show.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only this file, or what is in this folder.
    pub path: Option<RelPath>,
    /// Only from this time on, in milliseconds since 1970, UTC.
    pub since_ms: Option<u64>,
}

impl Workspace {
    /// Finds where the edits in a model's reply belong. Touches nothing.
    pub fn plan_reply(&self, reply: &str) -> Result<EditPlan> {
        self.plan(&parse_reply(reply))
    }

    /// Finds where parsed edits belong. Touches nothing.
    pub fn plan(&self, items: &[ParsedItem]) -> Result<EditPlan> {
        self.plan_with(items, &PlanOptions::default())
    }

    /// As [`plan`](Self::plan), with options.
    pub fn plan_with(&self, items: &[ParsedItem], options: &PlanOptions) -> Result<EditPlan> {
        Ok(EditPlan::resolve(&self.root, items, &self.resolve_options(options)?)?)
    }

    /// Plans what a program asks for: files made, removed, renamed. Touches
    /// nothing.
    pub fn plan_operations(
        &self,
        operations: &[FileOperation],
        options: &PlanOptions,
    ) -> Result<EditPlan> {
        Ok(EditPlan::of_operations(&self.root, operations, &self.resolve_options(options)?)?)
    }

    /// Plans to rename every file that a pattern fits, all at once. Touches
    /// nothing.
    pub fn plan_rename(&self, pattern: &RenamePattern, options: &PlanOptions) -> Result<EditPlan> {
        Ok(EditPlan::rename_matching(&self.root, pattern, &self.resolve_options(options)?)?)
    }

    fn resolve_options(&self, options: &PlanOptions) -> Result<ResolveOptions> {
        let policy = EditPolicy::new(&self.config().edit.lists())?;
        let mut resolve = ResolveOptions::default();
        if !options.ignore_syntax {
            resolve.syntax = Some(Arc::new(Grammars));
        }
        resolve.policy = Arc::new(policy.insisting_on(&options.allow_protected)?);
        Ok(resolve)
    }

    /// Writes a plan, all files or none, and records it for
    /// [`undo`](Self::undo). `actor` says who: a command's name, or an
    /// [`Actor`] with more.
    pub fn apply(&self, plan: &EditPlan, actor: impl Into<Actor>) -> Result<JournalEntry> {
        Ok(apply(plan, &mut self.journal()?, actor)?)
    }

    /// Applies the edits in a model's reply: [`plan_reply`](Self::plan_reply)
    /// and [`apply`](Self::apply) in one step.
    ///
    /// # Errors
    /// A reply without an edit, and one that holds an edit that fits nowhere,
    /// change nothing.
    pub fn apply_reply(&self, reply: &str, actor: impl Into<Actor>) -> Result<JournalEntry> {
        let plan = self.plan_reply(reply)?;
        if plan.changes().is_empty() && plan.refusals().is_empty() {
            return Err(InputError::NoEdits.into());
        }
        self.apply(&plan, actor)
    }

    /// What was applied here, oldest first.
    pub fn history(&self) -> Result<Vec<JournalEntry>> {
        Ok(self.journal()?.entries().to_vec())
    }

    /// The entries of the history that are damaged, by name, each with what is
    /// wrong with it. The others are not touched by that.
    pub fn damaged_entries(&self) -> Result<Vec<(String, Error)>> {
        let damaged = self.journal()?.damaged();
        Ok(damaged.into_iter().map(|(id, error)| (id, error.into())).collect())
    }

    /// Takes back the entry `id`, or the newest that is not taken back yet;
    /// keeps what was edited since.
    pub fn undo(&self, id: Option<&str>) -> Result<JournalEntry> {
        let undone = self.journal()?.undo(id)?;
        self.note_undone(&undone.id);
        Ok(undone)
    }

    /// Applies the entry `id` again, or the one that was taken back last, if
    /// nothing was applied since; keeps what was edited since.
    pub fn redo(&self, id: Option<&str>) -> Result<JournalEntry> {
        Ok(self.journal()?.redo(id)?)
    }

    /// Who changed which file and who allowed what, oldest first. What was
    /// decided belongs to no path.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        let mut records = self.journal()?.audit()?;
        records.retain(|record| {
            let path = query.path.as_ref();
            let file = record.what.file().map(|file| file.path.as_path());
            path.is_none_or(|path| file.is_some_and(|file| file.starts_with(path.as_path())))
                && query.since_ms.is_none_or(|since| record.time_ms >= since)
        });
        Ok(records)
    }

    /// Looks whether the audit log is as it was written, as far as its chain
    /// can tell. With `noted`, a head that was noted elsewhere, whether the log
    /// still goes through it.
    pub fn verify_audit(&self, noted: Option<ContentHash>) -> Result<AuditReport> {
        Ok(self.journal()?.verify_audit(noted)?)
    }

    /// Writes into the audit log that something was allowed or refused.
    pub fn note_decision(&self, actor: Actor, decision: AuditedDecision) -> Result<()> {
        Ok(self.journal()?.note_decision(actor, decision)?)
    }

    fn journal(&self) -> Result<Journal> {
        let mut options = JournalOptions::default();
        if let Some(bytes) = self.config().edit.journal_bytes {
            options.quota_bytes = bytes;
        }
        Ok(Journal::open_among(&self.dirs.journals(), &self.root, &options)?)
    }
}
