use super::*;
use mlxcode_git::Commit;

fn commits(messages: &[&str]) -> Vec<Commit> {
    let of = |message: &&str| {
        let (subject, body) = message.split_once("\n\n").unwrap_or((message, ""));
        Commit {
            id: String::new(),
            author: "Ann".to_owned(),
            authored_at_s: 0,
            subject: subject.to_owned(),
            body: body.to_owned(),
        }
    };
    messages.iter().map(of).collect()
}

const CONVENTIONAL: &[&str] = &[
    "feat(parser): add tables",
    "fix(parser): keep the last line (#12)",
    "chore(deps): bump x from 1 to 2",
    "docs: say what a table is",
    "fix(cli): tell the path",
    "Merge branch 'x'",
    "feat(cli)!: remove `old`",
];

const AREAS: &[&str] = &[
    "net/http: reject a body without a length\n\nIt was read to the end.\n\nFixes #1\nSigned-off-by: Ann <a@example.org>",
    "cmd/go: keep the order of flags\n\nSigned-off-by: Ann <a@example.org>",
    "all: fix misprints\n\nSigned-off-by: Ann <a@example.org>",
    "net/http: close idle connections\n\nSigned-off-by: Ann <a@example.org>",
    "runtime: use fewer locks\n\nSigned-off-by: Ann <a@example.org>",
];

const PAST: &[&str] = &[
    "Fixed the colour of links.",
    "Added a test for empty lists.",
    "Removed what nobody calls.",
    "Documented the order of hooks.",
    "Corrected a misprint in the guide.",
];

#[test]
fn conventional_commits_are_recognised() {
    let style = CommitStyle::learn(&commits(CONVENTIONAL));
    assert_eq!(style.commits, 6);
    let Form::Conventional { types, scopes, scoped } = &style.form else { panic!("{style:?}") };
    assert_eq!(types, &["feat", "fix", "chore", "docs"]);
    assert_eq!(scopes, &["cli", "parser", "deps"]);
    assert!(scoped);
    assert_eq!((style.capital, style.full_stop), (Some(false), Some(false)));
    assert_eq!(style.mood, Some(Mood::Imperative));
    // What a host appended is no part of an example.
    assert!(style.examples.contains(&"fix(parser): keep the last line".to_owned()));
}

#[test]
fn areas_and_trailers_are_recognised() {
    let style = CommitStyle::learn(&commits(AREAS));
    let Form::Area { areas } = &style.form else { panic!("{style:?}") };
    assert_eq!(areas[0], "net/http");
    assert_eq!(style.trailers, ["Signed-off-by"]);
    // A body of trailers alone is none.
    assert!((style.body_share - 0.2).abs() < 1e-9, "{}", style.body_share);
}

#[test]
fn sentences_in_the_past_are_recognised() {
    let style = CommitStyle::learn(&commits(PAST));
    assert_eq!(style.form, Form::Plain);
    assert_eq!(
        (style.mood, style.full_stop, style.capital),
        (Some(Mood::Past), Some(true), Some(true))
    );
}

#[test]
fn a_short_history_says_nothing() {
    assert_eq!(CommitStyle::learn(&commits(&PAST[..4])), CommitStyle::default());
}

#[test]
fn a_message_is_found_in_a_reply() {
    for (reply, subject, body) in [
        ("Add x", "Add x", ""),
        ("Here is the commit message:\n\n```\nfix: y\n\nWhy.\n```\nDone.", "fix: y", "Why."),
        ("**Commit message:** `Add x`", "Add x", ""),
        ("\"Add x\"", "Add x", ""),
        ("Sure!\n\nSubject: Add x\n\nBody: It was missing.", "Add x", "It was missing."),
        ("git commit -m \"Add x\"", "Add x", ""),
        ("# Add x (#12)", "Add x", ""),
        ("- Add x\n- Add y", "Add x", "- Add y"),
    ] {
        let message = CommitMessage::read(reply).unwrap();
        assert_eq!((message.subject.as_str(), message.body.as_str()), (subject, body), "{reply}");
    }
    for none in ["", "```\n```", "---", "Here is the commit message:"] {
        assert_eq!(CommitMessage::read(none), None, "{none}");
    }
}

#[test]
fn a_rule_puts_right_what_it_can() {
    let check =
        |history: &[&str], reply: &str, paths: &[&str], branch: Option<&str>, expect: &str| {
            let style = CommitStyle::learn(&commits(history));
            let hints = Hints::of(paths, branch, &style);
            let message = CommitMessage::read(reply).unwrap().repaired(&style, &hints);
            assert_eq!(message.subject, expect, "{reply}");
            // Repaired once, there is nothing left to repair.
            let again = message.clone().repaired(&style, &hints);
            assert_eq!(again.text(), message.text());
        };
    let none: &[&str] = &[];
    check(CONVENTIONAL, "fix(cli): Added a check.", none, None, "fix(cli): add a check");
    check(CONVENTIONAL, "Fixes the path.", &["docs/a.md"], None, "docs: fix the path");
    check(CONVENTIONAL, "✨ feat: Allow x", none, None, "feat: allow x");
    check(CONVENTIONAL, "fix: HTTP bodies", none, None, "fix: HTTP bodies");
    check(AREAS, "Reject a body", &["src/net/http/server.go"], None, "net/http: reject a body");
    check(
        AREAS,
        "Uses fewer locks",
        &["src/runtime/lock.go", "src/runtime/x.go"],
        None,
        "runtime: use fewer locks",
    );
    check(AREAS, "feat(runtime): use fewer locks", none, None, "runtime: use fewer locks");
    check(PAST, "fix: Add a test for x", none, None, "Added a test for x.");
    let tickets = &[
        "ABC-1: Add x",
        "ABC-2: Fix y of z",
        "ABC-3: Remove z now",
        "ABC-4: Use a and b",
        "ABC-5: Move it there",
    ];
    check(tickets, "Adds x", none, Some("feature/ABC-77-colours"), "ABC-77 Add x");
}

#[test]
fn a_long_subject_keeps_its_sentence() {
    let style = CommitStyle { longest: 50, ..CommitStyle::default() };
    let words =
        "Keep the order of the flags that were given on the command line when they are printed";
    let message = CommitMessage::read(words).unwrap().repaired(&style, &Hints::default());
    assert_eq!(message.subject, "Keep the order of the flags that were given");
    assert_eq!(
        message.body,
        "Keep the order of the flags that were given on the command line when\nthey are printed."
    );
}

#[test]
fn lists_are_broken_under_their_words() {
    let style = CommitStyle { body_width: 20, ..CommitStyle::default() };
    let message =
        CommitMessage::read("Add x\n\n- one two three four five\n    code that is long enough")
            .unwrap();
    let body = message.repaired(&style, &Hints::default()).body;
    assert_eq!(body, "- one two three four\n  five\n    code that is long enough");
}
