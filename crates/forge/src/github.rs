//! GitHub's REST interface, version 2022-11-28.

use std::collections::HashMap;

use mlxcode_base::CancelToken;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::address::escape;
use crate::client::Client;
use crate::error::Result;
use crate::patch::PatchLines;
use crate::review::{PostedReview, Review, Verdict};
use crate::types::{ChangeRequest, ChangedFile, Comment, FileState, Issue};

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct WireIssue {
    number: u64,
    title: String,
    body: Option<String>,
    state: String,
    html_url: String,
    /// A user who is gone is null.
    user: Option<User>,
    #[serde(default)]
    labels: Vec<Label>,
    pull_request: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Name(String),
    Whole { name: Option<String> },
}

#[derive(Deserialize)]
struct WireComment {
    user: Option<User>,
    body: Option<String>,
    #[serde(default)]
    created_at: String,
    path: Option<String>,
    line: Option<u64>,
    original_line: Option<u64>,
}

#[derive(Deserialize)]
struct WirePull {
    number: u64,
    title: String,
    body: Option<String>,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    merged: bool,
    html_url: String,
    user: Option<User>,
    head: Branch,
    base: Branch,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

#[derive(Deserialize)]
struct WireFile {
    filename: String,
    status: String,
    previous_filename: Option<String>,
    patch: Option<String>,
}

/// Reads an issue and its comments.
pub fn issue(
    client: &Client,
    repository: &str,
    number: u64,
    cancel: &CancelToken,
) -> Result<Issue> {
    let path = format!("{}/issues/{number}", base(repository));
    let what = format!("issue {repository}#{number}");
    let wire: WireIssue = of(client, client.json(&path, &what, cancel)?)?;
    let comments = comments(client, &format!("{path}/comments"), &what, cancel)?;
    let labels = wire.labels.into_iter().filter_map(|label| match label {
        Label::Name(name) => Some(name),
        Label::Whole { name } => name,
    });
    Ok(Issue {
        number: wire.number,
        title: wire.title,
        body: wire.body.unwrap_or_default(),
        state: wire.state,
        author: login(wire.user),
        labels: labels.collect(),
        url: wire.html_url,
        is_change: wire.pull_request.is_some(),
        comments,
    })
}

/// Reads a pull request, what was said of it and its files.
pub fn change(
    client: &Client,
    repository: &str,
    number: u64,
    cancel: &CancelToken,
) -> Result<ChangeRequest> {
    let base = base(repository);
    let path = format!("{base}/pulls/{number}");
    let what = format!("pull request {repository}#{number}");
    let wire: WirePull = of(client, client.json(&path, &what, cancel)?)?;
    let mut said = comments(client, &format!("{base}/issues/{number}/comments"), &what, cancel)?;
    said.extend(comments(client, &format!("{path}/comments"), &what, cancel)?);
    // Times are all of the same form, so that they sort as texts.
    said.sort_by(|a, b| a.created_at.cmp(&b.created_at));
    let files = client.list(&format!("{path}/files?per_page=100"), &what, cancel)?;
    let files: Vec<WireFile> =
        files.into_iter().map(|one| of(client, one)).collect::<Result<_>>()?;
    Ok(ChangeRequest {
        number: wire.number,
        title: wire.title,
        body: wire.body.unwrap_or_default(),
        state: if wire.merged { "merged".to_owned() } else { wire.state },
        draft: wire.draft,
        author: login(wire.user),
        url: wire.html_url,
        base_branch: wire.base.name,
        head_branch: wire.head.name,
        head: wire.head.sha,
        base: wire.base.sha,
        start: String::new(),
        comments: said,
        files: files.into_iter().map(file).collect(),
    })
}

/// Posts a review with its comments in one request.
pub fn post_review(
    client: &Client,
    repository: &str,
    change: &ChangeRequest,
    review: &Review,
    cancel: &CancelToken,
) -> Result<PostedReview> {
    let shown: HashMap<&str, PatchLines> = change
        .files
        .iter()
        .map(|file| (&*file.path, PatchLines::read(file.patch.as_deref().unwrap_or_default())))
        .collect();
    let (on_lines, in_text, body) = review.parted(|comment| {
        let lines = shown.get(&*comment.path);
        lines.is_some_and(|lines| lines.holds(comment.first) && lines.holds(comment.last))
    });
    let comments: Vec<Value> = on_lines
        .iter()
        .map(|comment| {
            let mut one = json!({
                "path": comment.path,
                "line": comment.last,
                "side": "RIGHT",
                "body": comment.text("suggestion"),
            });
            if comment.first < comment.last {
                one["start_line"] = comment.first.into();
                one["start_side"] = "RIGHT".into();
            }
            one
        })
        .collect();
    let event = match review.verdict {
        Verdict::Comment => "COMMENT",
        Verdict::Approve => "APPROVE",
        Verdict::RequestChanges => "REQUEST_CHANGES",
    };
    // A review that asks for something needs a text of its own.
    let body = if body.is_empty() && review.verdict != Verdict::Approve {
        "See the comments.".to_owned()
    } else {
        body
    };
    let document = json!({
        "commit_id": change.head,
        "body": body,
        "event": event,
        "comments": comments,
    });
    let path = format!("{}/pulls/{}/reviews", base(repository), change.number);
    let what = format!("pull request {repository}#{}", change.number);
    let answer = client.post(&path, &what, &document, cancel)?;
    let url = answer["html_url"].as_str().unwrap_or(&change.url).to_owned();
    Ok(PostedReview { url, on_lines: comments.len(), in_text })
}

fn base(repository: &str) -> String {
    let parts: Vec<String> = repository.split('/').map(escape).collect();
    format!("/repos/{}", parts.join("/"))
}

fn comments(client: &Client, path: &str, what: &str, cancel: &CancelToken) -> Result<Vec<Comment>> {
    let all = client.list(&format!("{path}?per_page=100"), what, cancel)?;
    all.into_iter()
        .map(|one| {
            let wire: WireComment = of(client, one)?;
            Ok(Comment {
                author: login(wire.user),
                body: wire.body.unwrap_or_default(),
                created_at: wire.created_at,
                path: wire.path,
                line: wire.line.or(wire.original_line),
            })
        })
        .collect()
}

fn file(wire: WireFile) -> ChangedFile {
    let state = match wire.status.as_str() {
        "added" | "copied" => FileState::Added,
        "removed" => FileState::Removed,
        "renamed" => FileState::Renamed,
        _ => FileState::Modified,
    };
    ChangedFile {
        path: wire.filename,
        previous_path: wire.previous_filename,
        state,
        patch: wire.patch,
    }
}

fn login(user: Option<User>) -> String {
    // GitHub's own name for users who are gone.
    user.map_or_else(|| "ghost".to_owned(), |user| user.login)
}

fn of<T: DeserializeOwned>(client: &Client, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| client.bad(&error.to_string()))
}
