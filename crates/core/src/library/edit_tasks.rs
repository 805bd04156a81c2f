//! Small changes by which models are tried: which reply formats does a model
//! write so that its edits fit?

use std::fs;
use std::path::Path;

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind, RelPath, Root, TextRange};
use mlxcode_edit::{
    EditAction, EditBlock, EditPlan, Journal, ParsedItem, ResolveOptions, apply, parse_reply,
};
use mlxcode_models::{EditFormat, GenerateOptions, GenerateRequest, Message, Prompt};
use serde::Deserialize;
use thiserror::Error;

use crate::error::Result;
use crate::model::Model;

/// The tasks, by number.
const TASKS: [&str; 6] = [
    include_str!("../../tasks/edit/01_off_by_one.toml"),
    include_str!("../../tasks/edit/02_rename_constant.toml"),
    include_str!("../../tasks/edit/03_add_parameter.toml"),
    include_str!("../../tasks/edit/04_remove_line.toml"),
    include_str!("../../tasks/edit/05_two_files.toml"),
    include_str!("../../tasks/edit/06_new_file.toml"),
];

/// The most tokens of a reply: a model that thinks first has room for it.
const REPLY_TOKENS: usize = 1024;

/// How a model did in one reply format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditScore {
    /// The format that it was asked to write.
    pub format: EditFormat,
    /// The tasks, by number, each with why its reply failed; `None`: the files
    /// are as they should be.
    pub tasks: Vec<(String, Option<String>)>,
}

impl EditScore {
    /// How many tasks ended as they should.
    pub fn passed(&self) -> usize {
        self.tasks.iter().filter(|(_, failure)| failure.is_none()).count()
    }
}

/// What is wrong with the tasks, or with the folder they are tried in.
#[derive(Debug, Error)]
enum TrialError {
    #[error("the task {number} of the edits cannot be read")]
    Task { number: usize, source: Box<toml::de::Error> },
    #[error("cannot make a folder to try edits in, below {path}")]
    Folder { path: std::path::PathBuf, source: std::io::Error },
}

impl Diagnostic for TrialError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Task { .. } => ErrorKind::Internal,
            Self::Folder { source, .. } => mlxcode_base::io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Task { .. } => "compare.task",
            Self::Folder { .. } => "compare.folder",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Task { .. } => "please report it".to_owned(),
            Self::Folder { .. } => "check the folder's permissions and the free space".to_owned(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditTask {
    pub(super) name: String,
    pub(super) instruction: String,
    #[serde(rename = "file")]
    pub(super) files: Vec<TaskFile>,
}

/// A file of a task; each text begins after its first line end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskFile {
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// All tasks.
pub(super) fn tasks() -> Result<Vec<EditTask>> {
    let read = |(place, text): (usize, &&str)| {
        let wrong = |source| TrialError::Task { number: place + 1, source: Box::new(source) };
        toml::from_str(text).map_err(|source| wrong(source).into())
    };
    TASKS.iter().enumerate().map(read).collect()
}

/// Asks `model` for every task's change in one format, and tries each reply in
/// a folder of its own below `scratch`.
pub(super) fn score(
    model: &Model,
    format: EditFormat,
    scratch: &Path,
    cancel: &CancelToken,
    mut each: impl FnMut(&EditTask),
) -> Result<EditScore> {
    let mut score = EditScore { format, tasks: Vec::new() };
    for task in tasks()? {
        each(&task);
        let reply = match ask(model, &task, format, cancel) {
            // A small context is a property of the model, no end of the trial.
            Err(error) if error.code() == "models.prompt_too_long" => {
                score.tasks.push((task.name, Some(error.to_string())));
                continue;
            }
            reply => reply?,
        };
        let failure = check(&task, format, &reply, scratch)?;
        score.tasks.push((task.name, failure));
    }
    Ok(score)
}

/// The model's reply to one task.
fn ask(model: &Model, task: &EditTask, format: EditFormat, cancel: &CancelToken) -> Result<String> {
    let options = GenerateOptions { max_tokens: Some(REPLY_TOKENS), ..GenerateOptions::default() };
    // A token of its own: a generation that is dropped cancels its token.
    let request = GenerateRequest::new(prompt(task, format)).with_options(options);
    let mut generation = model.generate(request)?;
    let mut reply = String::new();
    while let Some(token) = generation.next_token() {
        reply.push_str(&token?.text);
        if cancel.is_cancelled() {
            return Err(mlxcode_models::Error::Cancelled.into());
        }
    }
    Ok(reply)
}

fn prompt(task: &EditTask, format: EditFormat) -> Prompt {
    let instructions = match format {
        EditFormat::WholeFile => include_str!("../../tasks/formats/whole_file.md"),
        EditFormat::UnifiedDiff => include_str!("../../tasks/formats/unified_diff.md"),
        EditFormat::ApplyPatch => include_str!("../../tasks/formats/apply_patch.md"),
        _ => include_str!("../../tasks/formats/search_replace.md"),
    };
    let mut user = String::new();
    for file in &task.files {
        if let Some(before) = &file.before {
            user.push_str(&format!("{}\n```\n{before}```\n\n", file.path));
        }
    }
    user.push_str(&format!("Change: {}", task.instruction));
    Prompt::messages([Message::system(instructions.trim_end()), Message::user(user)])
}

/// Tries a reply; gives why it failed, or nothing.
pub(super) fn check(
    task: &EditTask,
    format: EditFormat,
    reply: &str,
    scratch: &Path,
) -> Result<Option<String>> {
    let items = parse_reply(reply);
    if items.is_empty() {
        return Ok(Some("the reply holds no edit".to_owned()));
    }
    if !items.iter().all(|item| is_of(item, format, reply)) {
        return Ok(Some(format!("the reply is not written as {}", format.as_str())));
    }
    let folder = |source| TrialError::Folder { path: scratch.to_owned(), source };
    let ground = tempfile::Builder::new().prefix(".trial-").tempdir_in(scratch).map_err(folder)?;
    let tree = tempfile::Builder::new().prefix("tree").tempdir_in(ground.path()).map_err(folder)?;
    let root = Root::open(tree.path())?;
    let mut journal = Journal::open(&ground.path().join("journal"), &root)?;
    let before = task.files.iter().filter_map(|file| Some((&file.path, file.before.as_ref()?)));
    let made: Vec<ParsedItem> = before.map(|(path, content)| made(path, content)).collect();
    let resolve =
        |items: &[ParsedItem]| EditPlan::resolve(&root, items, &ResolveOptions::default());
    apply(&resolve(&made)?, &mut journal, "trial")?;

    let plan = resolve(&items)?;
    if let Some(refusal) = plan.refusals().first() {
        return Ok(Some(refusal.reason.to_string()));
    }
    if !plan.is_applicable() {
        return Ok(Some("the reply changes nothing".to_owned()));
    }
    let known = |path: &RelPath| task.files.iter().any(|file| file.path == path.as_str());
    if let Some(change) = plan.changes().iter().find(|change| !known(&change.path)) {
        return Ok(Some(format!("{} was not to change", change.path)));
    }
    if let Err(error) = apply(&plan, &mut journal, "trial") {
        return Ok(Some(error.to_string()));
    }
    for file in &task.files {
        let found = fs::read_to_string(tree.path().join(&file.path)).ok();
        // Whether the last line has an end is not what is asked for.
        let same = found.as_deref().map(str::trim_end) == file.after.as_deref().map(str::trim_end);
        if !same {
            return Ok(Some(format!("{} is not as it should be", file.path)));
        }
    }
    Ok(None)
}

/// A file of a task as an edit that makes it: `edit` alone writes trees.
fn made(path: &str, content: &str) -> ParsedItem {
    ParsedItem::Edit(EditBlock {
        path: path.to_owned(),
        action: EditAction::Create { content: content.to_owned() },
        executable: None,
        range: TextRange::new(0, 0),
        line: 1,
    })
}

/// Whether an item is written in the format that was asked for.
fn is_of(item: &ParsedItem, format: EditFormat, reply: &str) -> bool {
    let ParsedItem::Edit(edit) = item else { return true };
    let envelope = reply.contains("*** Begin Patch");
    match (&edit.action, format) {
        (EditAction::Replace { .. }, EditFormat::SearchReplace)
        | (EditAction::Write { .. }, EditFormat::WholeFile)
        | (EditAction::Create { .. }, EditFormat::SearchReplace | EditFormat::WholeFile) => true,
        (EditAction::Replace { .. } | EditAction::Write { .. }, _) => false,
        (_, EditFormat::ApplyPatch) => envelope,
        (_, EditFormat::UnifiedDiff) => !envelope,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound reply to a task, as a model that does well would write it.
    fn reply(task: &EditTask, format: EditFormat) -> String {
        let mut reply = String::from("Here it is.\n\n");
        if format == EditFormat::ApplyPatch {
            reply.push_str("*** Begin Patch\n");
        }
        for file in &task.files {
            let (before, after) = (file.before.as_deref(), file.after.as_deref().unwrap());
            if before == Some(after) {
                continue;
            }
            let path = &file.path;
            let lines = |sign: char, text: &str| -> String {
                text.lines().map(|line| format!("{sign}{line}\n")).collect()
            };
            let old = before.unwrap_or_default();
            reply.push_str(&match format {
                EditFormat::SearchReplace => format!(
                    "{path}\n```\n<<<<<<< SEARCH\n{old}=======\n{after}>>>>>>> REPLACE\n```\n\n"
                ),
                EditFormat::WholeFile => format!("`{path}`\n```\n{after}```\n\n"),
                EditFormat::UnifiedDiff => {
                    let from = before.map_or("/dev/null".to_owned(), |_| format!("a/{path}"));
                    let (count, new) = (old.lines().count(), after.lines().count());
                    let first = usize::from(count > 0);
                    format!(
                        "```diff\n--- {from}\n+++ b/{path}\n@@ -{first},{count} +1,{new} @@\n{}{}```\n",
                        lines('-', old),
                        lines('+', after)
                    )
                }
                EditFormat::ApplyPatch if before.is_none() => {
                    format!("*** Add File: {path}\n{}", lines('+', after))
                }
                _ => format!(
                    "*** Update File: {path}\n@@\n{}{}",
                    lines('-', old),
                    lines('+', after)
                ),
            });
        }
        if format == EditFormat::ApplyPatch {
            reply.push_str("*** End Patch\n");
        }
        reply
    }

    #[test]
    fn a_sound_reply_passes_in_its_format_alone() {
        let scratch = tempfile::tempdir().unwrap();
        for task in tasks().unwrap() {
            for written in EditFormat::ALL {
                let reply = reply(&task, written);
                for asked in EditFormat::ALL {
                    let failure = check(&task, asked, &reply, scratch.path()).unwrap();
                    // What makes a file is the same in two formats.
                    let alike = asked == written;
                    let name = &task.name;
                    if alike {
                        assert_eq!(failure, None, "{name} as {written:?}: {reply}");
                    } else if name != "new_file" {
                        assert!(failure.is_some(), "{name} as {written:?} for {asked:?}");
                    }
                }
            }
        }
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing stays");
    }

    #[test]
    fn a_reply_that_does_something_else_fails() {
        let scratch = tempfile::tempdir().unwrap();
        let task = &tasks().unwrap()[0];
        let failure = |reply: &str| {
            check(task, EditFormat::SearchReplace, reply, scratch.path()).unwrap().unwrap()
        };
        let sound = reply(task, EditFormat::SearchReplace);
        assert_eq!(failure("I would subtract one."), "the reply holds no edit");
        assert_eq!(failure(&sound.replace("- 1", "- 2")), "lists.py is not as it should be");
        assert!(!failure(&sound.replace("lists.py", "other.py")).is_empty());
        assert!(failure(&sound.replacen("return 0", "return zero", 1)).len() > 5);
        let more = format!("{sound}more.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n");
        assert_eq!(failure(&more), "more.py was not to change");
    }

    #[test]
    fn a_model_is_asked_for_every_task() {
        let scratch = tempfile::tempdir().unwrap();
        let all = tasks().unwrap();
        let mut replies: Vec<String> =
            all.iter().map(|task| reply(task, EditFormat::WholeFile)).collect();
        replies[1] = "No.".to_owned();
        let model = Model::new(mlxcode_models::ScriptedModel::new(replies));
        let mut asked = Vec::new();
        let scored =
            score(&model, EditFormat::WholeFile, scratch.path(), &CancelToken::new(), |task| {
                asked.push(task.name.clone());
            })
            .unwrap();
        assert_eq!(asked.len(), all.len());
        assert_eq!(scored.passed(), all.len() - 1);
        assert_eq!(scored.tasks[1].1.as_deref(), Some("the reply holds no edit"));
    }
}
