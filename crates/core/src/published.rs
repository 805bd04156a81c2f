//! What a conversation reads where the repository is published.

use std::fmt;
use std::sync::Arc;

use mlxcode_base::CancelToken;
use mlxcode_context::{Published, PublishedKind, PublishedText};
use mlxcode_forge::{ChangeRequest, Comment, ForgeOptions, Host, Issue, Token};

use crate::error::Result;
use crate::workspace::Workspace;

/// The most bytes of an issue or a change that a model is shown: some tens of
/// comments. The context's budget cuts it further.
const MOST_BYTES: usize = 64 << 10;

type FindToken = dyn Fn(&Host) -> Result<Option<Token>> + Send + Sync;

/// How a conversation reads issues and changes that somebody names in it.
#[derive(Clone)]
pub struct PublishedReader {
    hosts: Vec<Host>,
    options: ForgeOptions,
    token: Arc<FindToken>,
}

impl fmt::Debug for PublishedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedReader").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl PublishedReader {
    /// Reads from these hosts; `token` finds who the user is there when one is
    /// asked, and may ask nobody: a turn runs.
    pub fn new(
        hosts: Vec<Host>,
        options: ForgeOptions,
        token: impl Fn(&Host) -> Result<Option<Token>> + Send + Sync + 'static,
    ) -> Self {
        Self { hosts, options, token: Arc::new(token) }
    }

    /// Refuses, whatever the options say, where the network is switched off.
    pub(crate) fn offline_if(mut self, offline: bool) -> Self {
        self.options.offline |= offline;
        self
    }

    /// Reads an issue or a change of the repository that `origin` leads to.
    pub(crate) fn read(
        &self,
        workspace: &Workspace,
        which: Published,
        cancel: &CancelToken,
    ) -> Result<PublishedText> {
        let place = workspace.change_place(&which.number.to_string(), &self.hosts)?;
        let mut options = self.options.clone();
        options.token = (self.token)(&place.host)?;
        let repository = &place.repository;
        let (header, text) = if which.kind == PublishedKind::Change {
            let change = workspace.read_change(&place, &options, cancel)?;
            let (from, to) = (&change.head_branch, &change.base_branch);
            let state = format!("{}, {from} into {to}", change.state);
            (header("Pull request", which, repository, &state), text_of_change(&change))
        } else {
            let issue = workspace.read_issue(&place, &options, cancel)?;
            let mut state = issue.state.clone();
            if !issue.labels.is_empty() {
                state.push_str(&format!(", {}", issue.labels.join(", ")));
            }
            (header("Issue", which, repository, &state), text_of_issue(&issue))
        };
        Ok(PublishedText { of: which, header, text: bounded(text) })
    }
}

/// Whoever may write there wrote it: the model is told so.
fn header(what: &str, which: Published, repository: &str, state: &str) -> String {
    let header = format!("{what} {} of {repository} ({state}), as others wrote it", which.number);
    header.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of_issue(issue: &Issue) -> String {
    said(&issue.title, &issue.author, &issue.body, &issue.comments)
}

fn text_of_change(change: &ChangeRequest) -> String {
    let said = said(&change.title, &change.author, &change.body, &change.comments);
    let diff = change.diff();
    if diff.is_empty() { said } else { format!("{said}\n{diff}") }
}

fn said(title: &str, author: &str, body: &str, comments: &[Comment]) -> String {
    let mut text = format!("{}\n\n{author}:\n{}\n", title.trim(), body.trim());
    for comment in comments {
        let place = match (&comment.path, comment.line) {
            (Some(path), Some(line)) => format!(" on {path}:{line}"),
            (Some(path), None) => format!(" on {path}"),
            _ => String::new(),
        };
        let (author, when, body) = (&comment.author, &comment.created_at, comment.body.trim());
        text.push_str(&format!("\n{author}{place}, {when}:\n{body}\n"));
    }
    text
}

fn bounded(mut text: String) -> String {
    if text.len() > MOST_BYTES {
        text.truncate(text.floor_char_boundary(MOST_BYTES));
        text.push_str("\n(what follows is left out)\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let long = bounded("é".repeat(MOST_BYTES));
        assert!(long.len() <= MOST_BYTES + 30 && long.ends_with("é\n(what follows is left out)\n"));
        assert_eq!(bounded("short".to_owned()), "short");
    }
}
