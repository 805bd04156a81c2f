//! Issues and pull requests: read, shown, answered; and whom a token goes to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::ground::{Ground, Play};
use crate::remote::{configure, server_saying};
use crate::tasks::git;

const TOKEN: &str = "ghp_NobodyMaySeeThis";

/// A host that answers by `METHOD /path`, and keeps what it was asked.
fn forge(answers: &[(&str, u16, &str, Value)]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let answers: BTreeMap<String, String> = answers
        .iter()
        .map(|(line, status, more, body)| {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            let more = more.replace("$HOST", &format!("http://{address}"));
            ((*line).to_owned(), format!("{head}{more}connection: close\r\n\r\n{body}"))
        })
        .collect();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok())
            });
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = reader.read_exact(&mut body);
            let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
            let missing = "HTTP/1.1 404 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let answer = answers.get(line).map_or(missing, String::as_str);
            kept.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&body)));
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

fn configured(ground: &Ground, address: &str, kind: &str) {
    let host = json!({"kind": kind, "api": format!("http://{address}")});
    configure(ground, &json!({"forges": {"git.example.org": host}}));
}

#[test]
fn an_issue_is_shown_with_all_pages_of_what_was_said() {
    let said = |body: &str| json!([{"body": body, "user": {"login": "eve"}, "created_at": "2026-01-02T03:04:05Z"}]);
    let next = "link: <$HOST/repos/a/b/issues/12/comments?page=2>; rel=\"next\"\r\n";
    let (address, seen) = forge(&[
        (
            "GET /repos/a/b/issues/12",
            200,
            "",
            json!({
                "number": 12, "title": "It breaks", "body": "Every \u{1b}[31mtime.", "state": "open",
                "html_url": "https://git.example.org/a/b/issues/12", "user": {"login": "adam"},
                "labels": [{"name": "bug"}],
            }),
        ),
        ("GET /repos/a/b/issues/12/comments?per_page=100", 200, next, said("Me too.")),
        ("GET /repos/a/b/issues/12/comments?page=2", 200, "", said("And me.")),
    ]);
    let ground = Ground::new();
    configured(&ground, &address, "github");
    let play = Play { input: TOKEN, ..Play::default() };
    assert_eq!(ground.play(&["secret", "set", "git.example.org"], play).code, 0);
    let ran = ground.run(&["issue", "https://git.example.org/a/b/issues/12"]);
    let expect = "It breaks\nissue 12, open, by adam, bug\nhttps://git.example.org/a/b/issues/12\n\n\
                  Every \u{241b}[31mtime.\n\neve, 2026-01-02T03:04:05Z\nMe too.\n\n\
                  eve, 2026-01-02T03:04:05Z\nAnd me.\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expect), "{ran:?}");
    let asked = seen.lock().unwrap().clone();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|one| one.contains(&format!("authorization: Bearer {TOKEN}"))));
    let ran = ground.run(&["issue", "https://git.example.org/a/b/issues/12", "--json"]);
    let document = ran.document();
    assert_eq!(document["comments"][1]["body"], "And me.");
    assert!(!format!("{ran:?}").contains(TOKEN));
}

#[test]
fn a_merge_request_is_shown_with_what_it_changes() {
    let (address, _) = forge(&[
        (
            "GET /projects/g%2Fb/merge_requests/7",
            200,
            "",
            json!({
                "iid": 7, "title": "Say more", "description": "", "state": "opened", "draft": true,
                "web_url": "https://git.example.org/g/b/-/merge_requests/7",
                "author": {"username": "adam"}, "target_branch": "main", "source_branch": "more",
                "sha": "b", "diff_refs": {"base_sha": "a", "head_sha": "b", "start_sha": "a"},
            }),
        ),
        ("GET /projects/g%2Fb/merge_requests/7/notes?sort=asc&per_page=100", 200, "", json!([])),
        (
            "GET /projects/g%2Fb/merge_requests/7/diffs?per_page=100",
            200,
            "",
            json!([{
                "old_path": "greet.py", "new_path": "greet.py", "new_file": false,
                "renamed_file": false, "deleted_file": false, "diff": "@@ -1 +1 @@\n-a\n+b\n",
            }]),
        ),
    ]);
    let ground = Ground::new();
    configured(&ground, &address, "gitlab");
    let place = "https://git.example.org/g/b/-/merge_requests/7";
    let ran = ground.run(&["pull-request", place]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.starts_with("Say more\npull request 7, open, a draft, by adam, more into main\n"),
        "{ran:?}"
    );
    assert!(ran.out.ends_with("\nmodified greet.py\n"), "{ran:?}");
    let ran = ground.run(&["pull-request", place, "--diff"]);
    assert!(ran.out.ends_with("+++ b/greet.py\n@@ -1 +1 @@\n-a\n+b\n"), "{ran:?}");
}

#[test]
fn the_token_of_the_public_host_goes_to_no_other() {
    for (kind, path, own) in [
        ("github", "GET /repos/a/b/issues/1", Some("ghe_own")),
        ("gitlab", "GET /projects/a%2Fb/issues/1", None),
    ] {
        let (address, seen) = forge(&[(path, 404, "", Value::Null)]);
        let ground = Ground::new();
        configured(&ground, &address, kind);
        let place = match kind {
            "github" => "https://git.example.org/a/b/issues/1",
            _ => "https://git.example.org/a/b/-/issues/1",
        };
        let public = [("github", TOKEN), ("gitlab", TOKEN)];
        let ran = ground.play(&["issue", place], Play { secrets: &public, ..Play::default() });
        assert_ne!(ran.code, 0, "{ran:?}");
        assert!(!seen.lock().unwrap().is_empty(), "{ran:?}");
        assert!(!format!("{seen:?}").contains(TOKEN), "{kind}");
        let Some(own) = own else { continue };
        let both = [public[0], ("github-enterprise", own)];
        ground.play(&["issue", place], Play { secrets: &both, ..Play::default() });
        assert!(format!("{seen:?}").contains(own) && !format!("{seen:?}").contains(TOKEN));
    }
}

#[test]
fn a_host_that_refuses_is_told_of_without_the_token() {
    let (other, elsewhere) = forge(&[]);
    let location = format!("location: http://{other}/repos/a/b/issues/3\r\n");
    let (address, _) = forge(&[
        ("GET /repos/a/b/issues/1", 429, "retry-after: 60\r\n", Value::Null),
        (
            "GET /repos/a/b/issues/2",
            403,
            "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1700000000\r\n",
            Value::Null,
        ),
        ("GET /repos/a/b/issues/3", 302, &location, Value::Null),
        ("GET /repos/a/b/issues/4", 401, "", json!({"message": "Bad credentials"})),
    ]);
    let ground = Ground::new();
    configured(&ground, &address, "github");
    let play = Play { input: TOKEN, ..Play::default() };
    assert_eq!(ground.play(&["secret", "set", "git.example.org"], play).code, 0);
    for (number, words) in [
        (1, "it answers again in 60 s"),
        (2, "it answers again at 2023-11-14T22:13:20Z"),
        (3, "it redirects to another host"),
        (4, "Bad credentials"),
    ] {
        let place = format!("https://git.example.org/a/b/issues/{number}");
        let ran = ground.run(&["issue", &place, "--json"]);
        assert!(ran.code != 0 && ran.out.contains(words), "{ran:?}");
        assert!(!format!("{ran:?}").contains(TOKEN));
    }
    assert!(elsewhere.lock().unwrap().is_empty());
    // Offline, nobody on another machine is asked.
    let ran = ground.run(&["issue", "https://github.com/a/b/issues/1", "--json"]);
    assert!(ran.out.contains("forge.offline"), "{ran:?}");
}

#[test]
fn a_review_is_posted_with_the_token_that_is_kept() {
    let pull = json!({
        "number": 5, "title": "t", "body": "", "state": "open", "draft": false,
        "html_url": "https://git.example.org/a/b/pull/5", "user": {"login": "adam"},
        "head": {"ref": "more", "sha": "b"}, "base": {"ref": "main", "sha": "a"},
    });
    let patch = "@@ -1,2 +1,2 @@\n def greet():\n-    return \"hello\"\n+    return helo\n";
    let (address, seen) = forge(&[
        ("GET /repos/a/b/pulls/5", 200, "", pull),
        ("GET /repos/a/b/issues/5/comments?per_page=100", 200, "", json!([])),
        ("GET /repos/a/b/pulls/5/comments?per_page=100", 200, "", json!([])),
        (
            "GET /repos/a/b/pulls/5/files?per_page=100",
            200,
            "",
            json!([
                {"filename": "greet.py", "status": "modified", "patch": patch},
            ]),
        ),
        (
            "POST /repos/a/b/pulls/5/reviews",
            200,
            "",
            json!({"id": 1, "html_url": "https://git.example.org/r"}),
        ),
    ]);
    let ground = Ground::new();
    configured(&ground, &address, "github");
    let play = Play { input: TOKEN, ..Play::default() };
    assert_eq!(ground.play(&["secret", "set", "git.example.org"], play).code, 0);
    let reply = "FINDING\npath: greet.py\nline: 2\ncode: return helo\nseverity: error\n\
                 title: `helo` is not defined\nwhy: It is a name that nothing has.\n";
    let replies = [reply; 3];
    let play = Play { replies: Some(&replies), ..Play::default() };
    let args = ["review", "--change", "https://git.example.org/a/b/pull/5", "--post", "--yes"];
    let ran = ground.play(&args, play);
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = seen.lock().unwrap().clone();
    let posted = asked.iter().find(|one| one.starts_with("POST")).unwrap();
    assert!(posted.contains(&format!("authorization: Bearer {TOKEN}")) && posted.contains("helo"));
    assert!(!format!("{ran:?}").contains(TOKEN));
}

#[test]
fn issues_that_a_question_names_are_shown_to_the_model() {
    let pull = json!({
        "number": 5, "title": "Say more", "body": "", "state": "open", "draft": false,
        "html_url": "https://git.example.org/a/b/pull/5", "user": {"login": "adam"},
        "head": {"ref": "more", "sha": "b"}, "base": {"ref": "main", "sha": "a"},
    });
    let issue = json!({
        "number": 12, "title": "It breaks", "body": "Every time.", "state": "open",
        "html_url": "https://git.example.org/a/b/issues/12", "user": {"login": "adam"},
        "labels": [{"name": "bug"}],
    });
    let said = json!([{"body": "Me too.", "user": {"login": "eve"}, "created_at": "2026-01-02"}]);
    let patch = "@@ -1 +1 @@\n-a\n+b\n";
    let files = json!([{"filename": "greet.py", "status": "modified", "patch": patch}]);
    let (address, seen) = forge(&[
        ("GET /repos/a/b/issues/12", 200, "", issue),
        ("GET /repos/a/b/issues/12/comments?per_page=100", 200, "", said),
        ("GET /repos/a/b/pulls/5", 200, "", pull),
        ("GET /repos/a/b/issues/5/comments?per_page=100", 200, "", json!([])),
        ("GET /repos/a/b/pulls/5/comments?per_page=100", 200, "", json!([])),
        ("GET /repos/a/b/pulls/5/files?per_page=100", 200, "", files),
    ]);
    let (model, prompts) = server_saying(200, "It does.");
    let ground = Ground::new();
    git(&ground, &["init", "--quiet"]);
    git(&ground, &["remote", "add", "origin", "https://git.example.org/a/b.git"]);
    let with = |api: &str, offline: bool| {
        let provider =
            json!({"kind": "openai", "url": model, "models": {"m": {"context_length": 8192}}});
        let host = json!({"kind": "github", "api": api});
        configure(
            &ground,
            &json!({"model": "near/m", "providers": {"near": provider}, "offline": offline,
                    "forges": {"git.example.org": host}}),
        );
    };
    with(&format!("http://{address}"), false);
    let play = Play { input: TOKEN, ..Play::default() };
    assert_eq!(ground.play(&["secret", "set", "git.example.org"], play).code, 0);
    let ask = |question: &str| {
        let ran = ground.run(&["--print", question, "--output-format", "stream-json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!format!("{ran:?}").contains(TOKEN));
        let events: Vec<Value> =
            ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let sent = prompts.lock().unwrap().last().unwrap().clone();
        (events, sent)
    };
    let of = |events: &[Value], kind: &str| -> Vec<Value> {
        events.iter().filter(|event| event["type"] == kind).cloned().collect()
    };

    let (events, sent) = ask("Does @pr:5 mend @issue:12, and @pr:6?");
    let ledger = &of(&events, "context")[0];
    let piece = |header: &str| {
        let mut pieces = ledger["pieces"].as_array().unwrap().iter();
        pieces.find(|piece| piece["header"] == header).unwrap_or_else(|| panic!("{ledger}")).clone()
    };
    let issue = piece("Issue 12 of a/b (open, bug), as others wrote it");
    assert_eq!(issue["reason"], "the question names @issue:12");
    assert!(issue["tokens"].as_u64().unwrap() > 10);
    piece("Pull request 5 of a/b (open, more into main), as others wrote it");
    let text = "It breaks\n\nadam:\nEvery time.\n\neve, 2026-01-02:\nMe too.\n";
    assert!(sent.contains(json!(text).to_string().trim_matches('"')), "{sent}");
    assert!(sent.contains("diff --git a/greet.py b/greet.py"), "{sent}");
    // One that is not there is told of, to the model too.
    assert!(sent.contains("@pr:6 could not be read: "), "{sent}");
    let notice = of(&events, "notice")
        .iter()
        .any(|one| one["text"].as_str().unwrap().starts_with("@pr:6: "));
    assert!(notice, "{events:?}");
    let asked = seen.lock().unwrap().clone();
    assert!(asked.iter().all(|one| one.contains(&format!("authorization: Bearer {TOKEN}"))));

    // Offline, nobody is asked.
    with("https://api.name.invalid", true);
    let before = seen.lock().unwrap().len();
    let (events, sent) = ask("What is @issue:12?");
    assert!(of(&events, "context")[0]["pieces"].to_string().find("Issue 12").is_none());
    let told: String = of(&events, "notice").iter().map(|one| one["text"].to_string()).collect();
    assert!(told.contains("switch `offline` off to reach it"), "{told}");
    assert!(sent.contains("@issue:12 could not be read"), "{sent}");
    assert_eq!(seen.lock().unwrap().len(), before);
}
