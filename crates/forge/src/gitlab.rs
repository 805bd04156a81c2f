//! GitLab's REST interface, version 4.

use std::collections::HashMap;

use mlxcode_base::CancelToken;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::address::escape;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::patch::PatchLines;
use crate::review::{PostedReview, Review, ReviewComment, Verdict};
use crate::types::{ChangeRequest, ChangedFile, Comment, FileState, Issue};

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct WireIssue {
    iid: u64,
    title: String,
    description: Option<String>,
    state: String,
    web_url: String,
    author: Option<User>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct WireNote {
    author: Option<User>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    created_at: String,
    /// What GitLab itself notes: “changed the milestone”.
    #[serde(default)]
    system: bool,
    position: Option<WirePosition>,
}

#[derive(Deserialize)]
struct WirePosition {
    new_path: Option<String>,
    new_line: Option<u64>,
}

#[derive(Deserialize)]
struct WireMerge {
    iid: u64,
    title: String,
    description: Option<String>,
    state: String,
    #[serde(default)]
    draft: bool,
    web_url: String,
    author: Option<User>,
    source_branch: String,
    target_branch: String,
    sha: Option<String>,
    diff_refs: Option<DiffRefs>,
}

#[derive(Deserialize)]
struct DiffRefs {
    #[serde(rename = "base_sha")]
    base: Option<String>,
    #[serde(rename = "head_sha")]
    head: Option<String>,
    #[serde(rename = "start_sha")]
    start: Option<String>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the interface has them")]
struct WireDiff {
    old_path: String,
    new_path: String,
    #[serde(default)]
    new_file: bool,
    #[serde(default)]
    renamed_file: bool,
    #[serde(default)]
    deleted_file: bool,
    #[serde(default)]
    diff: String,
    #[serde(default)]
    too_large: bool,
}

/// Reads an issue and its notes.
pub fn issue(client: &Client, project: &str, number: u64, cancel: &CancelToken) -> Result<Issue> {
    let path = format!("{}/issues/{number}", base(project));
    let what = format!("issue {project}#{number}");
    let wire: WireIssue = of(client, client.json(&path, &what, cancel)?)?;
    Ok(Issue {
        number: wire.iid,
        title: wire.title,
        body: wire.description.unwrap_or_default(),
        state: state(&wire.state),
        author: username(wire.author),
        labels: wire.labels,
        url: wire.web_url,
        is_change: false,
        comments: notes(client, &path, &what, cancel)?,
    })
}

/// Reads a merge request, its notes and its files.
pub fn change(
    client: &Client,
    project: &str,
    number: u64,
    cancel: &CancelToken,
) -> Result<ChangeRequest> {
    let path = format!("{}/merge_requests/{number}", base(project));
    let what = format!("merge request {project}!{number}");
    let wire: WireMerge = of(client, client.json(&path, &what, cancel)?)?;
    let comments = notes(client, &path, &what, cancel)?;
    let diffs = client.list(&format!("{path}/diffs?per_page=100"), &what, cancel)?;
    let diffs: Vec<WireDiff> =
        diffs.into_iter().map(|one| of(client, one)).collect::<Result<_>>()?;
    let refs = wire.diff_refs;
    let of_refs = |pick: fn(&DiffRefs) -> &Option<String>| {
        refs.as_ref().and_then(|refs| pick(refs).clone()).unwrap_or_default()
    };
    let head = of_refs(|refs| &refs.head);
    Ok(ChangeRequest {
        number: wire.iid,
        title: wire.title,
        body: wire.description.unwrap_or_default(),
        state: state(&wire.state),
        draft: wire.draft,
        author: username(wire.author),
        url: wire.web_url,
        base_branch: wire.target_branch,
        head_branch: wire.source_branch,
        head: if head.is_empty() { wire.sha.unwrap_or_default() } else { head },
        base: of_refs(|refs| &refs.base),
        start: of_refs(|refs| &refs.start),
        comments,
        files: diffs.into_iter().map(file).collect(),
    })
}

/// Comments are posted one by one, then the text, which sums up, and last the
/// approval: GitLab has no review of one piece.
pub fn post_review(
    client: &Client,
    project: &str,
    change: &ChangeRequest,
    review: &Review,
    cancel: &CancelToken,
) -> Result<PostedReview> {
    let path = format!("{}/merge_requests/{}", base(project), change.number);
    let what = format!("merge request {project}!{}", change.number);
    let shown: HashMap<&str, (&ChangedFile, PatchLines)> = change
        .files
        .iter()
        .map(|file| {
            let lines = PatchLines::read(file.patch.as_deref().unwrap_or_default());
            (&*file.path, (file, lines))
        })
        .collect();
    let (on_lines, in_text, mut body) = review.parted(|comment| {
        shown.get(&*comment.path).is_some_and(|(_, lines)| lines.holds(comment.last))
    });
    let total = on_lines.len() + usize::from(!body.is_empty());
    let partly = |posted: usize| {
        move |source: Error| match posted {
            0 => source,
            posted => Error::Partly { posted, total, source: Box::new(source) },
        }
    };
    for (posted, comment) in on_lines.iter().enumerate() {
        let Some((file, lines)) = shown.get(&*comment.path) else { continue };
        let document = discussion(change, comment, file, lines);
        let discussions = format!("{path}/discussions");
        client.post(&discussions, &what, &document, cancel).map_err(partly(posted))?;
    }
    if review.verdict == Verdict::RequestChanges {
        let plea = "This should not go in as it is.";
        body = if body.is_empty() { plea.to_owned() } else { format!("{plea}\n\n{body}") };
    }
    let mut url = change.url.clone();
    if !body.is_empty() {
        let note = client
            .post(&format!("{path}/notes"), &what, &json!({ "body": body }), cancel)
            .map_err(partly(on_lines.len()))?;
        if let Some(id) = note["id"].as_u64() {
            url = format!("{url}#note_{id}");
        }
    }
    if review.verdict == Verdict::Approve {
        let document = json!({ "sha": change.head });
        client.post(&format!("{path}/approve"), &what, &document, cancel).map_err(partly(total))?;
    }
    Ok(PostedReview { url, on_lines: on_lines.len(), in_text })
}

fn discussion(
    change: &ChangeRequest,
    comment: &ReviewComment,
    file: &ChangedFile,
    lines: &PatchLines,
) -> Value {
    let above = comment.last.saturating_sub(comment.first);
    let mut position = json!({
        "position_type": "text",
        "base_sha": change.base,
        "head_sha": change.head,
        "start_sha": change.start,
        "old_path": file.previous_path.as_deref().unwrap_or(&file.path),
        "new_path": file.path,
        "new_line": comment.last,
    });
    // A line that did not change is named on both sides.
    if let Some(before) = lines.before(comment.last) {
        position["old_line"] = before.into();
    }
    json!({ "body": comment.text(&format!("suggestion:-{above}+0")), "position": position })
}

fn base(project: &str) -> String {
    format!("/projects/{}", escape(project))
}

fn notes(client: &Client, path: &str, what: &str, cancel: &CancelToken) -> Result<Vec<Comment>> {
    let all = client.list(&format!("{path}/notes?sort=asc&per_page=100"), what, cancel)?;
    let mut comments = Vec::new();
    for one in all {
        let wire: WireNote = of(client, one)?;
        if wire.system {
            continue;
        }
        let (path, line) =
            wire.position.map_or((None, None), |place| (place.new_path, place.new_line));
        let author = username(wire.author);
        comments.push(Comment { author, body: wire.body, created_at: wire.created_at, path, line });
    }
    Ok(comments)
}

fn file(wire: WireDiff) -> ChangedFile {
    let state = match (wire.new_file, wire.deleted_file, wire.renamed_file) {
        (true, ..) => FileState::Added,
        (_, true, _) => FileState::Removed,
        (_, _, true) => FileState::Renamed,
        _ => FileState::Modified,
    };
    let has_patch = !wire.too_large && wire.diff.contains("@@ ");
    ChangedFile {
        previous_path: (wire.old_path != wire.new_path).then_some(wire.old_path),
        path: wire.new_path,
        state,
        patch: has_patch.then_some(wire.diff),
    }
}

/// GitLab says `opened`.
fn state(word: &str) -> String {
    if word == "opened" { "open".to_owned() } else { word.to_owned() }
}

fn username(user: Option<User>) -> String {
    // GitLab's own name for users who are gone.
    user.map_or_else(|| "ghost".to_owned(), |user| user.username)
}

fn of<T: DeserializeOwned>(client: &Client, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| client.bad(&error.to_string()))
}
