//! Shapes of <https://docs.gitlab.com/api>.

use mlxcode_base::CancelToken;
use mlxcode_forge::{Error, FileState, ForgeKind, Review, ReviewComment, Verdict};

use crate::fake::{Answer, Fake, ok};

const BASE: &str = "/projects/group%2Fsub%2Fname/merge_requests/3";

const MERGE: &str = r#"{"id":155,"iid":3,"title":"test1","description":"fixed login page","state":"opened","draft":true,
 "web_url":"https://git.example.org/group/sub/name/-/merge_requests/3","author":{"username":"admin"},
 "source_branch":"feature","target_branch":"main","sha":"8888",
 "diff_refs":{"base_sha":"c380","head_sha":"2be7","start_sha":"c381"}}"#;

const DIFFS: &str = r#"[{"old_path":"lib/old.rb","new_path":"lib/new.rb","a_mode":"100644","b_mode":"100644","new_file":false,"renamed_file":true,"deleted_file":false,
 "diff":"@@ -10,3 +10,4 @@ fn a\n one\n-two\n+TWO\n+more\n three\n","too_large":false,"collapsed":false},
 {"old_path":"big","new_path":"big","new_file":true,"renamed_file":false,"deleted_file":false,"diff":"","too_large":true}]"#;

fn fake(discussion: Answer) -> Fake {
    let get = |rest: &str| format!("GET {BASE}{rest}");
    let post = |rest: &str| format!("POST {BASE}{rest}");
    let notes = r#"[{"id":1,"body":"added 1 commit","system":true,"author":{"username":"admin"}},
      {"id":2,"body":"Nice","system":false,"author":{"username":"ann"},"created_at":"2024-01-01T00:00:00Z","position":{"new_path":"lib/new.rb","new_line":11}}]"#;
    let answers = [
        (get(""), ok(MERGE)),
        (get("/notes?sort=asc&per_page=100"), ok(notes)),
        (get("/diffs?per_page=100"), ok(DIFFS)),
        (post("/discussions"), discussion),
        (post("/notes"), ok(r#"{"id":302}"#)),
        (post("/approve"), ok("{}")),
    ];
    Fake::new(answers.iter().map(|(what, answer)| (what.as_str(), answer.clone())).collect())
}

fn comment(first: u64, last: u64, suggestion: Option<&str>) -> ReviewComment {
    ReviewComment {
        path: "lib/new.rb".to_owned(),
        first,
        last,
        body: "Hm.".to_owned(),
        suggestion: suggestion.map(str::to_owned),
    }
}

#[test]
fn a_merge_request_is_read() {
    let fake = fake(ok("{}"));
    let forge = fake.forge(ForgeKind::GitLab);
    let change = forge.change("group/sub/name", 3, &CancelToken::new()).unwrap();
    assert_eq!((change.state.as_str(), change.draft, change.head.as_str()), ("open", true, "2be7"));
    let told: Vec<_> = change
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.state, file.patch.is_some()))
        .collect();
    assert_eq!(told, [("lib/new.rb", FileState::Renamed, true), ("big", FileState::Added, false)]);
    // What the host itself noted is nobody's word.
    assert_eq!(change.comments.len(), 1);
    assert_eq!(change.comments[0].line, Some(11));
}

#[test]
fn a_review_becomes_discussions_a_note_and_an_approval() {
    let fake = fake(ok(r#"{"id":"6a9c"}"#));
    let forge = fake.forge(ForgeKind::GitLab);
    let cancel = CancelToken::new();
    let change = forge.change("group/sub/name", 3, &cancel).unwrap();
    let review = Review {
        body: "Good.".to_owned(),
        comments: vec![
            comment(11, 12, Some("Two\n")),
            comment(13, 13, None),
            comment(50, 50, None),
        ],
        verdict: Verdict::Approve,
    };
    let posted = forge.post_review("group/sub/name", &change, &review, &cancel).unwrap();
    assert_eq!((posted.on_lines, posted.in_text), (2, 1));
    assert!(posted.url.ends_with("/merge_requests/3#note_302"), "{}", posted.url);
    let sent: Vec<_> =
        fake.asked().into_iter().filter(|asked| asked.line.starts_with("POST")).collect();
    let position = serde_json::json!({
        "position_type": "text", "base_sha": "c380", "head_sha": "2be7", "start_sha": "c381",
        "old_path": "lib/old.rb", "new_path": "lib/new.rb", "new_line": 12,
    });
    let expect =
        serde_json::json!({ "body": "Hm.\n\n```suggestion:-1+0\nTwo\n```", "position": position });
    assert_eq!(sent[0].json(), expect);
    // An unchanged line is named on both sides.
    assert_eq!(sent[1].json()["position"]["old_line"], 12);
    assert_eq!(sent[2].json()["body"], "Good.\n\n`lib/new.rb:50`: Hm.");
    assert_eq!(sent[3].json(), serde_json::json!({ "sha": "2be7" }));
}

#[test]
fn half_a_review_is_told_as_half() {
    let fake = fake((
        400,
        Vec::new(),
        r#"{"message":"400 Bad request - Note {:line_code=>[\"can't be blank\"]}"}"#.to_owned(),
    ));
    let forge = fake.forge(ForgeKind::GitLab);
    let cancel = CancelToken::new();
    let change = forge.change("group/sub/name", 3, &cancel).unwrap();
    let mut review = Review { comments: vec![comment(11, 11, None)], ..Review::default() };
    let error = forge.post_review("group/sub/name", &change, &review, &cancel).unwrap_err();
    let Error::Invalid { message, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains("can't be blank"), "{message}");
    // Nothing of it stands there, so that it can be posted anew.
    review.comments.clear();
    let error = forge.post_review("group/sub/name", &change, &review, &cancel).unwrap_err();
    assert!(matches!(error, Error::EmptyReview));
}
