//! Edits: placed, shown, agreed to, written, checked.

use minijinja::{Value, context};
use mlxcode_base::RelPath;
use mlxcode_edit::{EditPlan, FileChange, ParsedItem};

use super::CheckReport;
use super::event::{Decision, Event, FilePart, PartOfFile, Proposal, TurnEnd, told};
use super::hooked::Advice;
use super::policy::Verdict;
use super::worker::Worker;
use crate::error::Result;
use crate::tool::Access;

/// What a check may tell a model, in bytes: the first errors are what helps.
const MOST_CHECK_BYTES: usize = 6 << 10;

/// What came of edits.
pub(super) enum Proposed {
    /// They are written, and no check found anything wrong.
    Done,
    /// There was nothing to write.
    Nothing,
    /// They could not be placed, or a check failed: the model may mend it.
    Wrong(String),
    /// Somebody wants something else: the model is told.
    Told(String),
    /// The turn ends here.
    End(TurnEnd),
}

impl Worker<'_> {
    /// Places edits, asks, writes them and runs the checks.
    pub fn propose(&mut self, items: &[ParsedItem], tool: &str) -> Result<Proposed> {
        let mut plan = self.parts.ground.plan(items)?;
        let id = self.next_id("edit");
        self.emit(Event::Proposed(Proposal::of(id.clone(), &plan)));
        if !plan.refusals().is_empty() {
            return Ok(Proposed::Wrong(self.refused(&plan)?));
        }
        if plan.changes().is_empty() {
            return Ok(Proposed::Nothing);
        }
        let paths = plan.changes().iter().flat_map(paths_of).collect();
        let moved =
            |change: &FileChange| Some((change.path.to_string(), change.to.as_ref()?.to_string()));
        self.moves = plan.changes().iter().filter_map(moved).collect();
        let access = Access::Write { paths };
        let advice = match self.judge(tool, &access) {
            Verdict::Deny { .. } => Advice::default(),
            _ => self.hear_changes(plan.changes(), tool),
        };
        let may_mend = advice.denies();
        match self.advised(&id, tool, &access, &access.to_string(), &advice) {
            (Decision::Yes | Decision::Always, _) => {}
            (Decision::Only(wanted), _) => {
                let whole = |path| PartOfFile { path, part: FilePart::Whole };
                self.keep_parts(
                    &mut plan,
                    &wanted.into_iter().map(whole).collect::<Vec<_>>(),
                    None,
                )?;
            }
            (Decision::Parts(parts), _) => self.keep_parts(&mut plan, &parts, None)?,
            (Decision::PartsBecause(parts, why), _) => {
                self.keep_parts(&mut plan, &parts, Some(&why))?;
            }
            (Decision::Because(why), None) => {
                return Ok(Proposed::Told(self.words("declined", context! { why })?));
            }
            (Decision::Because(_), Some(why)) if may_mend => {
                return Ok(Proposed::Told(self.words("declined", context! { why })?));
            }
            (Decision::Because(_), Some(why)) => {
                self.emit(Event::Notice { text: format!("the edits were not applied: {why}") });
                return Ok(Proposed::End(TurnEnd::Declined));
            }
            (Decision::No | Decision::Why(_), _) => return Ok(Proposed::End(self.declined())),
        }
        if plan.changes().is_empty() {
            self.note = None;
            return Ok(Proposed::End(TurnEnd::Declined));
        }
        self.write(&plan, tool)
    }

    /// Leaves of a plan what somebody agreed to, and notes it for the model.
    fn keep_parts(
        &mut self,
        plan: &mut EditPlan,
        parts: &[PartOfFile],
        why: Option<&str>,
    ) -> Result<()> {
        let proposed = plan.changes().to_vec();
        keep_parts(plan, parts);
        self.note_taken(&proposed, plan, parts, why)
    }

    fn write(&mut self, plan: &EditPlan, tool: &str) -> Result<Proposed> {
        let actor = self.actor(tool);
        if let Some(checker) = self.parts.checker.clone() {
            let files: Vec<RelPath> = plan.changes().iter().map(|one| one.path.clone()).collect();
            checker.before(&files, &self.cancel);
        }
        let entry = self.parts.ground.apply(plan, actor)?;
        if let Some(checker) = &self.parts.checker {
            for change in plan.changes() {
                change.to.iter().for_each(|to| checker.renamed(&change.path, to));
            }
        }
        let files = plan.changes().iter().flat_map(paths_of).collect();
        self.emit(Event::Applied { entry: entry.id, files });
        self.repeats.changed();
        let changed: Vec<RelPath> =
            plan.changes().iter().map(|one| one.to.as_ref().unwrap_or(&one.path).clone()).collect();
        let mut failed = self.check(&changed);
        failed.extend(self.objections(plan, tool));
        if failed.is_empty() {
            return Ok(Proposed::Done);
        }
        let told = |one: &CheckReport| {
            Value::from_pairs([("check", one.check.as_str()), ("output", first(&one.output))])
        };
        let checks: Value = failed.iter().map(told).collect();
        Ok(Proposed::Wrong(self.words("repair_checks", context! { checks })?))
    }

    /// What programs of plugins have against a change that was written.
    fn objections(&mut self, plan: &EditPlan, tool: &str) -> Vec<CheckReport> {
        let feedback = self.hear_changed(plan.changes(), tool).into_iter();
        let report = |output| CheckReport { check: "a hook".to_owned(), ok: false, output };
        feedback.map(report).collect()
    }

    /// What is wrong with edits, for the model.
    fn refused(&self, plan: &EditPlan) -> Result<String> {
        let reasons: Vec<String> = plan.refusals().iter().map(told).collect();
        self.words("repair_edits", context! { reasons, fitting => plan.changes().len() })
    }

    /// Runs the checks of the files that changed; those that failed.
    fn check(&mut self, changed: &[RelPath]) -> Vec<CheckReport> {
        let Some(checker) = self.parts.checker.clone() else { return Vec::new() };
        let mut reports: Vec<CheckReport> = Vec::new();
        let cancel = self.cancel.clone();
        checker.check(changed, &cancel, &mut |report| {
            let CheckReport { check, ok, output } = report.clone();
            self.emit(Event::Checked { check, ok, output });
            reports.push(report);
        });
        reports.retain(|report| !report.ok);
        reports
    }
}

/// Leaves of a plan what somebody agreed to.
fn keep_parts(plan: &mut EditPlan, parts: &[PartOfFile]) {
    plan.keep(|change| parts.iter().any(|part| change.path.as_str() == part.path));
    for PartOfFile { path, part } in parts {
        let Ok(path) = RelPath::new(path) else { continue };
        let done = match part {
            FilePart::Whole => true,
            FilePart::Hunks(taken) => plan.keep_hunks(&path, taken),
            FilePart::Text(text) => plan.replace_content(&path, text),
        };
        // What cannot be taken in part is not taken whole either.
        if !done {
            plan.keep(|change| change.path != path);
        }
    }
}

/// The first of a text that is long.
fn first(text: &str) -> &str {
    let mut end = text.len().min(MOST_CHECK_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = if end < text.len() { text[..end].rfind('\n').unwrap_or(end) } else { end };
    &text[..cut]
}

fn paths_of(change: &FileChange) -> Vec<String> {
    [Some(&change.path), change.to.as_ref()]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect()
}
