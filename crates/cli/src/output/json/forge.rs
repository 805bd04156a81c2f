use mlxcode_core::forge::{ChangeRequest, Comment, Issue};
use schemars::JsonSchema;
use serde::Serialize;

/// `issue --json`.
#[derive(Serialize, JsonSchema)]
pub struct IssueOutput {
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
    /// Whether it is a pull request, which are issues too on GitHub.
    pub is_pull_request: bool,
    /// What was said, oldest first.
    pub comments: Vec<CommentOutput>,
}

/// What somebody said.
#[derive(Serialize, JsonSchema)]
pub struct CommentOutput {
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

/// `pull-request --json`.
#[derive(Serialize, JsonSchema)]
pub struct PullRequestOutput {
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
    /// What was said, oldest first.
    pub comments: Vec<CommentOutput>,
    /// The paths of the files that it changes.
    pub files: Vec<String>,
    /// What it changes, as a unified diff.
    pub diff: String,
}

impl CommentOutput {
    fn all(comments: &[Comment]) -> Vec<Self> {
        let one = |comment: &Comment| Self {
            author: comment.author.clone(),
            body: comment.body.clone(),
            created_at: comment.created_at.clone(),
            path: comment.path.clone(),
            line: comment.line,
        };
        comments.iter().map(one).collect()
    }
}

impl IssueOutput {
    /// Describes an issue.
    pub fn new(issue: &Issue) -> Self {
        Self {
            number: issue.number,
            title: issue.title.clone(),
            body: issue.body.clone(),
            state: issue.state.clone(),
            author: issue.author.clone(),
            labels: issue.labels.clone(),
            url: issue.url.clone(),
            is_pull_request: issue.is_change,
            comments: CommentOutput::all(&issue.comments),
        }
    }
}

impl PullRequestOutput {
    /// Describes a pull request.
    pub fn new(change: &ChangeRequest) -> Self {
        Self {
            number: change.number,
            title: change.title.clone(),
            body: change.body.clone(),
            state: change.state.clone(),
            draft: change.draft,
            author: change.author.clone(),
            url: change.url.clone(),
            base_branch: change.base_branch.clone(),
            head_branch: change.head_branch.clone(),
            head: change.head.clone(),
            comments: CommentOutput::all(&change.comments),
            files: change.files.iter().map(|file| file.path.clone()).collect(),
            diff: change.diff(),
        }
    }
}
