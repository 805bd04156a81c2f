//! Shapes of <https://docs.github.com/rest>.

use mlxcode_base::CancelToken;
use mlxcode_forge::{FileState, ForgeKind, Review, ReviewComment, Verdict};

use crate::fake::{Fake, ok};

const PULL: &str = r#"{"url":"x","id":1,"html_url":"https://github.com/octocat/Hello-World/pull/1347","number":1347,
 "state":"open","locked":true,"title":"Amazing new feature","user":{"login":"octocat","id":1},"body":"Please pull these awesome changes in!",
 "draft":false,"merged":false,
 "head":{"label":"octocat:new-topic","ref":"new-topic","sha":"6dcb09b5b57875f334f61aebed695e2e4193db5e"},
 "base":{"label":"octocat:master","ref":"master","sha":"c01db09b5b57875f334f61aebed695e2e4193db5"}}"#;

const FILES: &str = r#"[{"sha":"bbcd","filename":"file1.txt","status":"modified","additions":2,"deletions":1,"changes":3,
 "patch":"@@ -10,3 +10,4 @@ fn a\n one\n-two\n+TWO\n+more\n three"}]"#;

const MORE_FILES: &str = r#"[{"sha":"x","filename":"new.bin","status":"renamed","previous_filename":"old.bin","additions":0,"deletions":0,"changes":0}]"#;

fn fake() -> Fake {
    let review = r#"{"id":80,"html_url":"https://github.com/octocat/Hello-World/pull/1347#pullrequestreview-80"}"#;
    Fake::new(vec![
        ("GET /repos/octocat/Hello-World/pulls/1347", ok(PULL)),
        (
            "GET /repos/octocat/Hello-World/issues/1347/comments?per_page=100",
            ok(r#"[{"id":1,"body":"Me too","user":{"login":"octocat"},"created_at":"2011-04-14T16:00:49Z"}]"#),
        ),
        (
            "GET /repos/octocat/Hello-World/pulls/1347/comments?per_page=100",
            ok(r#"[{"id":2,"body":"Great stuff!","path":"file1.txt","line":null,"original_line":11,"user":null,"created_at":"2011-04-13T16:00:49Z"}]"#),
        ),
        (
            "GET /repos/octocat/Hello-World/pulls/1347/files?per_page=100",
            (
                200,
                vec![("link", "<$HOST/repos/octocat/Hello-World/pulls/1347/files?per_page=100&page=2>; rel=\"next\", <$HOST/x>; rel=\"last\"".to_owned())],
                FILES.to_owned(),
            ),
        ),
        (
            "GET /repos/octocat/Hello-World/pulls/1347/files?per_page=100&page=2",
            ok(MORE_FILES),
        ),
        (
            "GET /repos/octocat/Hello-World/issues/1347",
            ok(r#"{"number":1347,"title":"Found a bug","body":null,"state":"open","html_url":"https://github.com/octocat/Hello-World/issues/1347","user":{"login":"octocat"},"labels":[{"id":1,"name":"bug"},"old"],"comments":1}"#),
        ),
        ("POST /repos/octocat/Hello-World/pulls/1347/reviews", ok(review)),
    ])
}

#[test]
fn an_issue_comes_with_what_was_said() {
    let fake = fake();
    let forge = fake.forge(ForgeKind::GitHub);
    let issue = forge.issue("octocat/Hello-World", 1347, &CancelToken::new()).unwrap();
    assert_eq!(
        (issue.title.as_str(), issue.body.as_str(), issue.is_change),
        ("Found a bug", "", false)
    );
    assert_eq!(issue.labels, ["bug", "old"]);
    assert_eq!(issue.comments[0].body, "Me too");
    let asked = &fake.asked()[0];
    assert_eq!(asked.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(asked.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(asked.header("x-github-api-version"), Some("2022-11-28"));
    assert!(asked.header("user-agent").unwrap().starts_with("mlx-code/"));
}

#[test]
fn a_pull_request_comes_with_all_pages_of_its_files() {
    let fake = fake();
    let forge = fake.forge(ForgeKind::GitHub);
    let change = forge.change("octocat/Hello-World", 1347, &CancelToken::new()).unwrap();
    assert_eq!((change.head_branch.as_str(), change.base_branch.as_str()), ("new-topic", "master"));
    let told: Vec<_> = change.files.iter().map(|file| (file.path.as_str(), file.state)).collect();
    assert_eq!(told, [("file1.txt", FileState::Modified), ("new.bin", FileState::Renamed)]);
    // Oldest first, whatever they stand on.
    let said: Vec<_> = change.comments.iter().map(|one| (one.author.as_str(), one.line)).collect();
    assert_eq!(said, [("ghost", Some(11)), ("octocat", None)]);
    let diff = change.diff();
    assert!(
        diff.starts_with(
            "diff --git a/file1.txt b/file1.txt\n--- a/file1.txt\n+++ b/file1.txt\n@@ -10,3"
        ),
        "{diff}"
    );
    assert!(diff.ends_with(" three\ndiff --git a/old.bin b/new.bin\n"), "{diff}");
}

#[test]
fn a_review_is_posted_in_one_piece() {
    let fake = fake();
    let forge = fake.forge(ForgeKind::GitHub);
    let cancel = CancelToken::new();
    let change = forge.change("octocat/Hello-World", 1347, &cancel).unwrap();
    let comment = |first, last, suggestion: Option<&str>| ReviewComment {
        path: "file1.txt".to_owned(),
        first,
        last,
        body: "Hm.".to_owned(),
        suggestion: suggestion.map(str::to_owned),
    };
    let review = Review {
        body: "Nearly.".to_owned(),
        comments: vec![
            comment(11, 12, Some("Two\n")),
            comment(10, 10, None),
            comment(99, 99, None),
        ],
        verdict: Verdict::RequestChanges,
    };
    let posted = forge.post_review("octocat/Hello-World", &change, &review, &cancel).unwrap();
    assert_eq!((posted.on_lines, posted.in_text), (2, 1));
    assert!(posted.url.ends_with("#pullrequestreview-80"));
    let asked = fake.asked();
    let sent = asked.last().unwrap().json();
    assert_eq!(
        sent,
        serde_json::json!({
            "commit_id": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "body": "Nearly.\n\n`file1.txt:99`: Hm.",
            "event": "REQUEST_CHANGES",
            "comments": [
                {"path": "file1.txt", "start_line": 11, "start_side": "RIGHT", "line": 12, "side": "RIGHT",
                 "body": "Hm.\n\n```suggestion\nTwo\n```"},
                {"path": "file1.txt", "line": 10, "side": "RIGHT", "body": "Hm."},
            ],
        })
    );
}
