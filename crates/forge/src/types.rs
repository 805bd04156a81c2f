//! What a host tells, in words of our own.

use serde::Serialize;

/// An issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// What its author wrote, in Markdown.
    pub body: String,
    /// `open` or `closed`.
    pub state: String,
    /// Who opened it.
    pub author: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its page.
    pub url: String,
    /// Whether it is a pull request: these are issues too on GitHub.
    pub is_change: bool,
    /// What was said, oldest first.
    pub comments: Vec<Comment>,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comment {
    /// Who.
    pub author: String,
    /// What, in Markdown.
    pub body: String,
    /// When, as the host writes it.
    pub created_at: String,
    /// Of a comment on code: the file.
    pub path: Option<String>,
    /// Of a comment on code: the line after the change.
    pub line: Option<u64>,
}

/// A pull request or a merge request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangeRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// What its author wrote, in Markdown.
    pub body: String,
    /// `open`, `closed` or `merged`.
    pub state: String,
    /// Whether its author says that it is not ready.
    pub draft: bool,
    /// Who opened it.
    pub author: String,
    /// Its page.
    pub url: String,
    /// The branch that it changes.
    pub base_branch: String,
    /// The branch that it brings.
    pub head_branch: String,
    /// The newest commit of what it brings.
    pub head: String,
    /// The commit that it is compared with.
    pub base: String,
    /// On GitLab, where the base branch stood when it was compared; else empty.
    pub start: String,
    /// What was said, oldest first.
    pub comments: Vec<Comment>,
    /// The files that it changes.
    pub files: Vec<ChangedFile>,
}

impl ChangeRequest {
    /// The change as a unified diff, made of the files' patches. Files of which
    /// the host gives no patch, binary or too large, are named without one.
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let old = file.previous_path.as_deref().unwrap_or(&file.path);
            text.push_str(&format!("diff --git a/{old} b/{}\n", file.path));
            let (from, to) = match file.state {
                FileState::Added => ("/dev/null".to_owned(), format!("b/{}", file.path)),
                FileState::Removed => (format!("a/{old}"), "/dev/null".to_owned()),
                _ => (format!("a/{old}"), format!("b/{}", file.path)),
            };
            if let Some(patch) = file.patch.as_deref().filter(|patch| !patch.is_empty()) {
                text.push_str(&format!("--- {from}\n+++ {to}\n{patch}"));
                if !patch.ends_with('\n') {
                    text.push('\n');
                }
            }
        }
        text
    }
}

/// A file of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedFile {
    /// Its path after the change.
    pub path: String,
    /// Its path before, where that was another.
    pub previous_path: Option<String>,
    /// What became of it.
    pub state: FileState,
    /// Its hunks; `None` where the host gives none: binary or too large.
    pub patch: Option<String>,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FileState {
    /// It is new.
    Added,
    /// Its content changes.
    Modified,
    /// It goes.
    Removed,
    /// It gets another path.
    Renamed,
}
