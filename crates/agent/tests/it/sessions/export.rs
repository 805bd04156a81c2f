//! Sessions as files.

use mlxcode_agent::session_store::{
    EditOutcome, ExportedSession, NewRecord, RecordKind, SessionError,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{all, begin, ground, turn};

#[test]
fn a_page_reads_well_and_is_read_again() {
    let ground = ground();
    let store = &ground.store;
    let id = begin(store, Some("greeting"));
    turn(store, &id, 1, "Shout, please.", &["Louder:\n\n```python\nprint('HI')\n```\n"]);
    let mut edit = NewRecord::edit(1, EditOutcome::Applied, 1);
    edit.data["diff"] = json!("--- a/greet.py\n+++ b/greet.py\n@@ -1 +1 @@\n-'hi'\n+'HI'\n");
    store.append(&id, &edit).unwrap();
    let large = json!({"tool": "read", "result": "y".repeat(3_000)});
    store.append(&id, &NewRecord::new(1, RecordKind::Event, large)).unwrap();
    store.append(&id, &NewRecord::new(1, "custom", json!({"a": "-->"}))).unwrap();
    let exported = store.export(&id).unwrap();
    let page = exported.to_markdown();
    let shown: String = page
        .lines()
        .filter(|line| !line.starts_with("<!-- mlx-code "))
        .map(|line| format!("{line}\n"))
        .collect();
    let expect = "# Shout, please.\n\n## You\n\nShout, please.\n\n## tiny\n\nLouder:\n\n\
        ```python\nprint('HI')\n```\n\n\n\n*1 edit applied*\n\n```diff\n--- a/greet.py\n\
        +++ b/greet.py\n@@ -1 +1 @@\n-'hi'\n+'HI'\n```\n\n\n\n";
    assert_eq!(shown, expect);
    let again = ExportedSession::from_markdown(&page).unwrap();
    // The long answer of a tool is what is lost.
    let mut expect = exported.clone();
    expect.records.retain(|record| record.kind != "event");
    assert_eq!(again, expect);
}

#[test]
fn an_import_takes_nothing_from_what_is_there() {
    let ground = ground();
    let store = &ground.store;
    let id = begin(store, Some("one"));
    turn(store, &id, 1, "findme", &["and ", "answer"]);
    let exported = store.export(&id).unwrap();
    let second = store.import(&exported).unwrap();
    assert_ne!(second, id);
    assert_eq!(store.summary(&second).unwrap().name, None);
    assert_eq!(all(store, &second), all(store, &id));
    assert_eq!(store.search("findme", 9).unwrap().len(), 2);
    assert_eq!(store.summary(&second).unwrap().prompt_tokens, 100);
    // Text goes on in a record of its own.
    store.append(&second, &NewRecord::text(2, "more")).unwrap();
    assert_eq!(all(store, &second).len(), 4);
}

#[test]
fn what_cannot_be_imported_is_told() {
    let ground = ground();
    let store = &ground.store;
    let id = begin(store, None);
    turn(store, &id, 1, "question", &["answer"]);
    let exported = store.export(&id).unwrap();
    let change = |change: &dyn Fn(&mut ExportedSession)| {
        let mut exported = exported.clone();
        change(&mut exported);
        match store.import(&exported) {
            Err(SessionError::BadImport { what }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert!(change(&|session| session.version = 2).contains("version 2"));
    assert!(change(&|session| session.id = "x/../y".to_owned()).contains("named wrong"));
    assert!(change(&|session| session.parent = Some("?".to_owned())).contains("parent"));
    assert!(change(&|session| session.title = "a\u{1b}[2J".to_owned()).contains("no line"));
    assert!(change(&|session| session.records[1].kind = "A".to_owned()).contains("bad record 1"));
    for text in ["", "[]", "{\"version\": 1}", "{\"version\": 1, \"id\": \"x\", \"rec\": []}"] {
        let refused = ExportedSession::from_json(text);
        assert!(matches!(refused, Err(SessionError::BadImport { .. })), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(ExportedSession::from_json(&deep).is_err());
    let page = exported.to_markdown();
    for (from, to) in
        [("session {", "nothing {"), (" user 1 ", " user x "), ("\"version\":1", "\"version\":7")]
    {
        let text = page.replacen(from, to, 1);
        assert_ne!(text, page);
        let refused = ExportedSession::from_markdown(&text);
        assert!(matches!(refused, Err(SessionError::BadImport { .. })), "{from}");
    }
    assert_eq!(
        store.list(&mlxcode_agent::session_store::SessionFilter::default()).unwrap().len(),
        1
    );
}

fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        any::<String>(),
        Just("<!-- mlx-code user 1 1 {} -->".to_owned()),
        Just("\\<!-- mlx-code x".to_owned()),
        Just("## You".to_owned()),
        Just(String::new()),
        Just("```".to_owned()),
    ];
    prop::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_a_page(texts in prop::collection::vec((any_text(), 0_usize..6), 0..6), title in any::<String>()) {
        let ground = ground();
        let id = begin(&ground.store, None);
        let mut exported = ground.store.export(&id).unwrap();
        exported.title = title;
        for (number, (text, kind)) in texts.into_iter().enumerate() {
            let (kind, data) = match kind {
                0 => ("user", json!({ "text": text })),
                1 => ("text", json!({ "text": text, "cut": "-->" })),
                2 => ("event", json!({ "type": "notice", "text": text.chars().take(200).collect::<String>() })),
                3 => ("summary", json!({ "text": text })),
                4 => ("title", json!({ "text": text })),
                _ => ("thinking", Value::from(text)),
            };
            let record = mlxcode_agent::session_store::ExportedRecord {
                turn: number as u32, kind: kind.to_owned(), time_ms: 7, data,
            };
            exported.records.push(record);
        }
        let again = ExportedSession::from_markdown(&exported.to_markdown()).unwrap();
        prop_assert_eq!(again, exported);
    }

    #[test]
    fn no_page_breaks_the_reader(page in any_text(), cut in 0_usize..400) {
        let _ = ExportedSession::from_markdown(&page);
        let ground = ground();
        let id = begin(&ground.store, None);
        turn(&ground.store, &id, 1, &page, &["x"]);
        let whole = ground.store.export(&id).unwrap().to_markdown();
        let cut = whole.floor_char_boundary(cut);
        let _ = ExportedSession::from_markdown(&whole[..cut]);
    }
}
