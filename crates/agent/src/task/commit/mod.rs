//! A commit's message from what is staged.

mod message;
mod style;
mod subject;
#[cfg(test)]
mod tests;
mod verbs;

use minijinja::context;
use mlxcode_base::RelPath;
use mlxcode_git::{Range, Repository};
use mlxcode_models::Prompt;
use serde::Serialize;

use super::answer::Asker;
use super::error::{TaskError, TaskResult};
use super::leak::{Leak, leaks};
use super::unified::{DiffFile, split_diff};
use crate::prompts::Prompts;

pub use message::CommitMessage;
use message::Hints;
pub use style::{CommitStyle, Form};
pub use verbs::Mood;

/// Messages that a style is learned from: enough for rare scopes, few enough
/// that the habit of today wins.
const LEARNED_COMMITS: usize = 200;

/// A message is short; a body of some paragraphs fits.
const MESSAGE_TOKENS: usize = 300;

/// A file's change in a sentence or two.
const SUMMARY_TOKENS: usize = 80;

/// Files that are summed up one by one; of more, the rest is told by their
/// counts.
const MOST_SUMMARISED: usize = 40;

/// What of a file's change is shown at least.
const LEAST_SHOWN_BYTES: usize = 200;

/// Lines around a change that a message is written from.
const CONTEXT_LINES: usize = 3;

/// How a message is to be.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CommitOptions {
    /// Conventional commits, whatever the history is like.
    pub conventional: bool,
    /// What a person says of the change.
    pub hint: Option<String>,
    /// Whether the model is on another machine: secrets stop the task then.
    pub remote: bool,
    /// Whether secrets may be sent all the same.
    pub send_secrets: bool,
}

/// A message, and what it rests on.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CommitProposal {
    /// The message.
    pub message: CommitMessage,
    /// What the repository's messages have in common.
    pub style: CommitStyle,
    /// The files that are staged, each in few words.
    pub files: Vec<String>,
    /// What looks like a secret.
    pub leaks: Vec<Leak>,
    /// How many files were summed up first, because the change is longer than
    /// the model's context.
    pub summarised: usize,
    /// Rules that the message breaks all the same.
    pub faults: Vec<String>,
    /// Answers of the model.
    pub answers: usize,
}

/// What is staged: the ground of a message.
#[derive(Clone, Debug)]
pub struct StagedChange {
    /// The files.
    pub files: Vec<DiffFile>,
    /// What looks like a secret in them.
    pub leaks: Vec<Leak>,
    style: CommitStyle,
    branch: Option<String>,
}

impl StagedChange {
    /// Reads what is staged and learns from the log. Nothing is sent.
    pub fn read(repository: &Repository, options: &CommitOptions) -> TaskResult<Self> {
        let diff = repository.diff_of(&Range::Staged, CONTEXT_LINES, &[])?;
        let files = split_diff(&diff);
        if files.is_empty() {
            return Err(TaskError::NothingStaged);
        }
        Self::of_files(repository, files, options)
    }

    /// Reads how these files differ from the last commit, staged or not.
    pub fn of_paths(
        repository: &Repository,
        paths: &[RelPath],
        options: &CommitOptions,
    ) -> TaskResult<Self> {
        let diff = repository.diff_of(&Range::WorkTree, CONTEXT_LINES, paths)?;
        let mut files = split_diff(&diff);
        // Git does not show what it does not know yet.
        for path in paths {
            if files.iter().any(|file| file.path == path.as_str()) {
                continue;
            }
            if let Some(text) = repository.file_at(&Range::WorkTree, path)? {
                files.push(DiffFile::of_new(path.as_str(), &text));
            }
        }
        if files.is_empty() {
            let what = "none of the files has changed".to_owned();
            return Err(TaskError::Nothing { verb: "commit", what });
        }
        Self::of_files(repository, files, options)
    }

    fn of_files(
        repository: &Repository,
        files: Vec<DiffFile>,
        options: &CommitOptions,
    ) -> TaskResult<Self> {
        let log = repository.log(LEARNED_COMMITS)?;
        let learn =
            if options.conventional { CommitStyle::conventional } else { CommitStyle::learn };
        let style = learn(&log);
        let leaks = leaks(&files);
        Ok(Self { files, leaks, style, branch: repository.head()?.branch })
    }

    /// What the repository's messages have in common.
    pub fn style(&self) -> &CommitStyle {
        &self.style
    }
}

/// Writes a message for what is staged.
pub fn commit_message(
    staged: &StagedChange,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &CommitOptions,
) -> TaskResult<CommitProposal> {
    if options.remote
        && !options.send_secrets
        && let Some(first) = staged.leaks.first()
    {
        let first = format!("{}:{}, {}", first.path, first.line, first.kind);
        return Err(TaskError::Secrets { count: staged.leaks.len(), first });
    }
    let style = &staged.style;
    let (change, summarised) = shown(staged, asker, prompts, options)?;
    let prompt = main_prompt(staged, prompts, options, &change)?;
    asker.tell("writing the message");
    let reply = asker.ask(prompt, MESSAGE_TOKENS)?;
    let first = CommitMessage::read(&reply);
    let faults = first.as_ref().map(|message| message.faults(style));
    let mut message = first;
    if let Some(faults) = faults.filter(|faults| !faults.is_empty()) {
        // Told once what is wrong; what is wrong still is put right by rule.
        let draft = message.as_ref().map(CommitMessage::text).unwrap_or_default();
        let again = prompts.render(
            "commit_again",
            context! { message => draft, faults, rules => style.rules(), examples => style.examples.clone() },
        )?;
        asker.tell("correcting the message");
        let second = asker.ask(again, MESSAGE_TOKENS)?;
        let second = CommitMessage::read(&second);
        message = match (message, second) {
            (Some(first), Some(second)) => {
                let better = second.faults(style).len() < first.faults(style).len();
                Some(if better { second } else { first })
            }
            (first, second) => first.or(second),
        };
    }
    let message = message.ok_or(TaskError::NoAnswer { what: "commit message" })?;
    let paths: Vec<&str> = staged.files.iter().map(|file| file.path.as_str()).collect();
    let hints = Hints::of(&paths, staged.branch.as_deref(), style);
    let message = message.repaired(style, &hints);
    Ok(CommitProposal {
        faults: message.faults(style),
        message,
        style: style.clone(),
        files: staged.files.iter().map(DiffFile::title).collect(),
        leaks: staged.leaks.clone(),
        summarised,
        answers: asker.answers(),
    })
}

fn main_prompt(
    staged: &StagedChange,
    prompts: &Prompts,
    options: &CommitOptions,
    change: &str,
) -> TaskResult<Prompt> {
    let style = &staged.style;
    let values = context! {
        rules => style.rules(),
        examples => style.examples.clone(),
        with_body => style.body_share >= 0.5,
        hint => options.hint.clone().unwrap_or_default(),
        change,
    };
    Ok(prompts.render("commit", values)?)
}

/// The change as the model is shown it: whole where it fits, else each file
/// summed up; and how many were.
fn shown(
    staged: &StagedChange,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &CommitOptions,
) -> TaskResult<(String, usize)> {
    let frame = main_prompt(staged, prompts, options, "")?;
    let room = asker.room(&frame, MESSAGE_TOKENS)?;
    let text = |file: &DiffFile| {
        if file.is_generated() || file.is_binary {
            format!("--- {}\n", file.title())
        } else {
            file.render()
        }
    };
    let whole: String = staged.files.iter().map(text).collect();
    if asker.count(&whole)? <= room {
        return Ok((whole, 0));
    }
    let mut lines = Vec::new();
    let mut summarised = 0;
    for file in &staged.files {
        let worth = !file.is_generated() && !file.is_binary && !file.hunks.is_empty();
        if worth && summarised < MOST_SUMMARISED {
            summarised += 1;
            asker.tell(&format!("reading {}", file.path));
            lines.push(format!("{}: {}", file.title(), summary(file, asker, prompts)?));
        } else {
            lines.push(file.title());
        }
    }
    // Hundreds of files may be too many even as lines.
    let mut text = lines.join("\n");
    let mut kept = lines.len();
    while asker.count(&text)? > room && kept > 1 {
        kept = kept * 3 / 4;
        text = format!("{}\n… and {} more files", lines[..kept].join("\n"), lines.len() - kept);
    }
    Ok((text, summarised))
}

/// One file's change in a sentence. Of a change that does not fit, what fits is
/// shown: its first hunks.
fn summary(file: &DiffFile, asker: &mut Asker<'_>, prompts: &Prompts) -> TaskResult<String> {
    let frame = prompts.render("summary", context! { path => file.path.clone(), diff => "" })?;
    let room = asker.room(&frame, SUMMARY_TOKENS)?;
    let whole = file.render();
    let mut shown = whole.as_str();
    while asker.count(shown)? > room && shown.len() > LEAST_SHOWN_BYTES {
        let less = shown.floor_char_boundary(shown.len() * 3 / 4);
        shown = &shown[..shown[..less].rfind('\n').unwrap_or(less)];
    }
    let cut = if shown.len() < whole.len() { "\n… (the rest is left out)" } else { "" };
    let diff = format!("{shown}{cut}");
    let prompt = prompts.render("summary", context! { path => file.path.clone(), diff })?;
    let reply = asker.ask(prompt, SUMMARY_TOKENS)?;
    let first = reply.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Ok(first.trim().trim_start_matches(['-', '*', ' ']).to_owned())
}
