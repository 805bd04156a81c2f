//! Edits that a model is asked for, placed.

use mlxcode_base::{CancelToken, RelPath};
use mlxcode_context::{Budget, PackRequest};
use mlxcode_edit::{EditPlan, ParsedItem, parse_reply};
use mlxcode_models::Prompt;

use super::answer::Asker;
use super::error::TaskResult;
use crate::session::Ground;

/// Edits of some places.
pub(crate) const EDIT_TOKENS: usize = 2_048;

/// How often a model is told that its edits fit nowhere.
const ATTEMPTS: usize = 2;

/// What a model was told is cut here: the nearest lines of a few refusals.
const MOST_PROBLEM_BYTES: usize = 4 << 10;

/// What came of asking.
pub(crate) enum EditAnswer {
    /// A plan that can be applied.
    Plan(EditPlan),
    /// The model changes nothing, and what it said.
    Nothing(String),
    /// Its edits fit nowhere, and why.
    Misplaced(String),
}

/// Asks for edits; `prompt` is given what was wrong with the answer before.
/// With `only`, edits of other files are refused.
pub(crate) fn ask_for_edits(
    ground: &dyn Ground,
    asker: &mut Asker<'_>,
    only: Option<&RelPath>,
    prompt: &dyn Fn(&str) -> TaskResult<Prompt>,
) -> TaskResult<EditAnswer> {
    let mut problem = String::new();
    for _ in 0..ATTEMPTS {
        let reply = asker.ask(prompt(&problem)?, EDIT_TOKENS)?;
        if asker.was_cut() {
            "it was cut off: make smaller blocks".clone_into(&mut problem);
            continue;
        }
        let items = parse_reply(&reply);
        let edits: Vec<ParsedItem> =
            items.into_iter().filter(|item| !matches!(item, ParsedItem::Command(_))).collect();
        if edits.is_empty() {
            return Ok(EditAnswer::Nothing(reply));
        }
        let plan = ground.plan(&edits)?;
        let other =
            plan.changes().iter().find(|change| only.is_some_and(|only| change.path != *only));
        if let Some(other) = other {
            problem = format!("{} is not the file that is to be changed", other.path);
        } else if plan.is_applicable() {
            return Ok(EditAnswer::Plan(plan));
        } else if plan.refusals().is_empty() {
            return Ok(EditAnswer::Nothing(reply));
        } else {
            problem = told(&plan);
        }
    }
    Ok(EditAnswer::Misplaced(problem))
}

/// Why edits were refused, with the nearest lines.
fn told(plan: &EditPlan) -> String {
    let mut text = String::new();
    for refusal in plan.refusals() {
        text.push_str(&format!("{}: {}", refusal.path, refusal.reason));
        if let Some(nearest) = &refusal.nearest {
            text.push_str(&format!("; nearest are lines {}:\n{}", nearest.range, nearest.diff));
        }
        text.push('\n');
    }
    text.truncate(text.floor_char_boundary(MOST_PROBLEM_BYTES));
    text
}

/// Passages for a question that take at most so many tokens, first the files
/// that are given, where they fit.
pub(crate) fn passages(
    ground: &dyn Ground,
    asker: &Asker<'_>,
    question: &str,
    files: &[RelPath],
    tokens: usize,
    cancel: &CancelToken,
) -> TaskResult<String> {
    let model = asker.model();
    let counter = |text: &str| model.count_text(text).unwrap_or(usize::MAX);
    let budget = Budget { tokens, search_tokens: tokens / 2, counter: &counter };
    let pack = |files: &[RelPath]| {
        let mut request = PackRequest::new(question);
        request.files = files;
        request.with_map = false;
        request.cancel = cancel.clone();
        ground.pack(&request, &budget)
    };
    // The fewer files are given, the likelier they fit.
    let mut count = files.len();
    loop {
        match pack(&files[..count]) {
            Ok(context) => return Ok(context.render()),
            Err(_) if count > 0 => count -= 1,
            Err(error) => return Err(error.into()),
        }
    }
}
