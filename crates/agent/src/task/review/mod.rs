//! A review of a change or of files.

mod finding;
mod join;
mod place;
mod read;
mod sarif;
mod shown;
#[cfg(test)]
mod tests;

use minijinja::context;
use mlxcode_base::{RelPath, Root};
use mlxcode_git::{Range, Repository};
use serde::Serialize;

use super::answer::Asker;
use super::error::{TaskError, TaskResult};
use super::leak::{Leak, leaks};
use super::text::read_text;
use super::unified::split_diff;
use crate::prompts::Prompts;

pub use finding::{Finding, Severity, Suggestion};
pub use sarif::sarif;

use place::{Placed, place};
use shown::{ShownFile, parts};

/// Lines around a change that a reviewer sees.
const CONTEXT_LINES: usize = 8;

/// Some ten findings with their fixes.
const ANSWER_TOKENS: usize = 1_200;

/// A file of more is not written by hand.
const MOST_FILE_BYTES: u64 = 2 << 20;

/// Answers of one review: some hundred thousand lines with a common context.
const MOST_PARTS: usize = 200;

/// How a review is to be.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReviewOptions {
    /// What to look for in particular.
    pub focus: Option<String>,
    /// The least severity that is told; `None` tells all.
    pub at_least: Option<Severity>,
    /// Whether the model is on another machine: secrets stop the task then.
    pub remote: bool,
    /// Whether secrets may be sent all the same.
    pub send_secrets: bool,
}

/// What is reviewed, read.
#[derive(Clone, Debug)]
pub struct ReviewSubject {
    files: Vec<ShownFile>,
    skipped: Vec<String>,
    leaks: Vec<Leak>,
    is_change: bool,
}

/// What a review found, and what became of the rest.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReviewReport {
    /// What it found, by place.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// Files that were not: binary, generated or too long.
    pub skipped: Vec<String>,
    /// Findings that were moved to the line that they quote, or to the nearest.
    pub moved: usize,
    /// Findings about lines that were not shown.
    pub dropped: usize,
    /// Findings that said what another one says.
    pub joined: usize,
    /// Fixes that were left out because they do not fit or do not parse.
    pub unsure_fixes: usize,
    /// Answers that were not understood.
    pub unread: usize,
    /// Parts that the whole was cut into.
    pub parts: usize,
}

impl ReviewSubject {
    /// A change between two states of a repository.
    pub fn of_range(repository: &Repository, range: &Range, paths: &[RelPath]) -> TaskResult<Self> {
        let diff = repository.diff_of(range, CONTEXT_LINES, paths)?;
        let text = |path: &str| {
            let path = RelPath::new(path).ok()?;
            repository.file_at(range, &path).ok().flatten()
        };
        let subject = Self::of_diff_with(&diff, text);
        match (subject.files.is_empty() && subject.skipped.is_empty(), range) {
            (true, Range::Staged) => Err(TaskError::NothingStaged),
            (true, _) => {
                Err(TaskError::Nothing { verb: "review", what: "nothing changed".to_owned() })
            }
            _ => Ok(subject),
        }
    }

    /// A change of which only the diff is known, such as a pull request's:
    /// fixes are not suggested, because nobody can look whether they parse.
    pub fn of_diff(diff: &str) -> TaskResult<Self> {
        let subject = Self::of_diff_with(diff, |_| None);
        if subject.files.is_empty() {
            let what = "the change shows no lines".to_owned();
            return Err(TaskError::Nothing { verb: "review", what });
        }
        Ok(subject)
    }

    fn of_diff_with(diff: &str, text: impl Fn(&str) -> Option<String>) -> Self {
        let all = split_diff(diff);
        let leaks = leaks(&all);
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        for file in all {
            if file.is_binary || file.is_generated() || file.is_deleted || file.hunks.is_empty() {
                skipped.push(file.title());
            } else {
                let text = text(&file.path);
                files.push(ShownFile::of_diff(file, text));
            }
        }
        Self { files, skipped, leaks, is_change: true }
    }

    /// Files as they are.
    pub fn of_files(root: &Root, paths: &[RelPath]) -> TaskResult<Self> {
        let (mut files, mut skipped) = (Vec::new(), Vec::new());
        for path in paths {
            let place = root.resolve(path)?;
            match read_text(&place, MOST_FILE_BYTES) {
                Ok(text) if !text.trim().is_empty() => {
                    files.push(ShownFile::whole(path.as_str(), text));
                }
                Ok(_) => skipped.push(format!("{path} (empty)")),
                Err(TaskError::Io { source, .. })
                    if matches!(
                        source.kind(),
                        std::io::ErrorKind::InvalidData | std::io::ErrorKind::FileTooLarge
                    ) =>
                {
                    skipped.push(format!("{path} (no text, or too long)"));
                }
                Err(error) => return Err(error),
            }
        }
        if files.is_empty() {
            let what = "there is no text in these files".to_owned();
            return Err(TaskError::Nothing { verb: "review", what });
        }
        Ok(Self { files, skipped, leaks: Vec::new(), is_change: false })
    }

    /// What looks like a secret in what the change brings.
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }
}

/// Reviews: asks of each part what is wrong with it, and holds each finding
/// against the lines that are there.
pub fn review(
    subject: &ReviewSubject,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &ReviewOptions,
) -> TaskResult<ReviewReport> {
    if options.remote
        && !options.send_secrets
        && let Some(first) = subject.leaks.first()
    {
        let first = format!("{}:{}, {}", first.path, first.line, first.kind);
        return Err(TaskError::Secrets { count: subject.leaks.len(), first });
    }
    let focus = options.focus.clone().unwrap_or_default();
    let is_change = subject.is_change;
    let render = |part: &str| {
        let values = context! { part, focus => focus.clone(), is_change };
        prompts.render("review", values)
    };
    let room = asker.room(&render("")?, ANSWER_TOKENS)?;
    let parts = parts(&subject.files, room, asker)?;
    let mut report = ReviewReport {
        findings: Vec::new(),
        files: subject.files.len(),
        skipped: subject.skipped.clone(),
        moved: 0,
        dropped: 0,
        joined: 0,
        unsure_fixes: 0,
        unread: 0,
        parts: parts.len(),
    };
    let mut found = Vec::new();
    for (number, part) in parts.iter().take(MOST_PARTS).enumerate() {
        asker.tell(&format!("reviewing part {} of {}", number + 1, parts.len()));
        let reply = asker.ask(render(part)?, ANSWER_TOKENS)?;
        let read = read::read(&reply);
        report.unread += usize::from(!read.understood);
        for raw in read.findings {
            let had_fix = raw.fix.is_some();
            let finding = match place(raw, &subject.files) {
                Placed::Here(finding) => finding,
                Placed::Moved(finding) => {
                    report.moved += 1;
                    finding
                }
                Placed::Dropped => {
                    report.dropped += 1;
                    continue;
                }
            };
            report.unsure_fixes += usize::from(had_fix && finding.suggestion.is_none());
            found.push(finding);
        }
    }
    report.unread += parts.len().saturating_sub(MOST_PARTS);
    found.retain(|finding| options.at_least.is_none_or(|least| finding.severity >= least));
    (report.findings, report.joined) = join::joined(found);
    Ok(report)
}
