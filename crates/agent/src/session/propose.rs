//! Edits: placed, shown, agreed to, written, checked.

use mlxcode_base::RelPath;
use mlxcode_edit::{EditPlan, FileChange, ParsedItem};

use super::CheckReport;
use super::event::{Decision, Event, Proposal, TurnEnd, told};
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
            return Ok(Proposed::Wrong(refused(&plan)));
        }
        if plan.changes().is_empty() {
            return Ok(Proposed::Nothing);
        }
        let paths = plan.changes().iter().flat_map(paths_of).collect();
        let access = Access::Write { paths };
        match self.permit(&id, tool, &access, &access.to_string()) {
            (Decision::Yes | Decision::Always, _) => {}
            (Decision::Only(wanted), _) => {
                plan.keep(|change| wanted.contains(&change.path.to_string()));
            }
            (Decision::Because(why), None) => {
                return Ok(Proposed::Told(format!("The edits were not applied: {why}")));
            }
            (Decision::Because(_), Some(why)) => {
                self.emit(Event::Notice { text: format!("the edits were not applied: {why}") });
                return Ok(Proposed::End(TurnEnd::Declined));
            }
            (Decision::No, _) => return Ok(Proposed::End(self.declined())),
        }
        if plan.changes().is_empty() {
            return Ok(Proposed::End(TurnEnd::Declined));
        }
        self.write(&plan, tool)
    }

    fn write(&mut self, plan: &EditPlan, tool: &str) -> Result<Proposed> {
        let actor = self.actor(tool);
        if let Some(checker) = self.parts.checker.clone() {
            let files: Vec<RelPath> = plan.changes().iter().map(|one| one.path.clone()).collect();
            checker.before(&files, &self.cancel);
        }
        let entry = self.parts.ground.apply(plan, actor)?;
        let files = plan.changes().iter().flat_map(paths_of).collect();
        self.emit(Event::Applied { entry: entry.id, files });
        self.repeats.changed();
        let changed: Vec<RelPath> =
            plan.changes().iter().map(|one| one.to.as_ref().unwrap_or(&one.path).clone()).collect();
        let failed = self.check(&changed);
        if failed.is_empty() {
            return Ok(Proposed::Done);
        }
        Ok(Proposed::Wrong(format!(
            "The edits were applied. After them, this is wrong:\n\n{failed}\n\
             Mend it with further edits of the files as they are now."
        )))
    }

    /// Runs the checks of the files that changed; what they found.
    fn check(&mut self, changed: &[RelPath]) -> String {
        let Some(checker) = self.parts.checker.clone() else { return String::new() };
        let mut reports: Vec<CheckReport> = Vec::new();
        let cancel = self.cancel.clone();
        checker.check(changed, &cancel, &mut |report| {
            let CheckReport { check, ok, output } = report.clone();
            self.emit(Event::Checked { check, ok, output });
            reports.push(report);
        });
        let failed = reports.iter().filter(|report| !report.ok);
        failed.map(|one| format!("{}:\n{}\n", one.check, first(&one.output))).collect()
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

/// What is wrong with edits, for the model.
fn refused(plan: &EditPlan) -> String {
    let reasons: Vec<String> = plan.refusals().iter().map(told).collect();
    let fitting = plan.changes().len();
    let rest = match fitting {
        0 => "Nothing was changed.",
        _ => "Nothing was changed, the edits that fit neither: they are applied together.",
    };
    format!(
        "These edits could not be applied:\n\n{}\n\n{rest} Send all blocks again, the wrong ones \
         corrected: SEARCH holds lines exactly as they stand in the file now.",
        reasons.join("\n\n")
    )
}
