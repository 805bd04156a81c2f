//! Appending and reading.

use mlxcode_agent::session_store::{NewRecord, OPENED_TURNS, RecordKind, SessionError};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{all, begin, ground, turn};

#[test]
fn pieces_of_a_text_become_one_record() {
    let ground = ground();
    let id = begin(&ground.store, None);
    turn(&ground.store, &id, 1, "Who opens the port?", &["The ", "", "function\n", "öffne."]);
    ground.store.append(&id, &NewRecord::text(1, "More")).unwrap();
    ground.store.append(&id, &NewRecord::text(2, "another turn")).unwrap();
    let thought = NewRecord::new(2, RecordKind::Thinking, json!({"text": "hm"}));
    ground.store.append(&id, &thought).unwrap();
    // One that says more than a text stays as it is, and nothing joins it.
    let marked = NewRecord::new(2, RecordKind::Text, json!({"text": "x", "cut": true}));
    ground.store.append(&id, &marked).unwrap();
    ground.store.append(&id, &NewRecord::text(2, "y")).unwrap();
    ground.store.append(&id, &NewRecord::text(2, "z")).unwrap();

    let read: Vec<(u64, u32, String, Value)> = all(&ground.store, &id)
        .into_iter()
        .filter(|record| record.kind != RecordKind::Generation)
        .map(|record| (record.seq, record.turn, record.kind.to_string(), record.data))
        .collect();
    let text = |text: &str| json!({ "text": text });
    assert_eq!(
        read,
        [
            (0, 1, "user".to_owned(), text("Who opens the port?")),
            (1, 1, "text".to_owned(), text("The function\nöffne.")),
            (3, 1, "text".to_owned(), text("More")),
            (4, 2, "text".to_owned(), text("another turn")),
            (5, 2, "thinking".to_owned(), text("hm")),
            (6, 2, "text".to_owned(), json!({"text": "x", "cut": true})),
            // Still growing.
            (7, 2, "text".to_owned(), text("yz")),
        ]
    );
}

#[test]
fn a_long_session_opens_with_its_newest_turns() {
    let ground = ground();
    let id = begin(&ground.store, Some("long"));
    for number in 1..=50 {
        turn(&ground.store, &id, number, &format!("question {number}"), &["answer"]);
    }
    let opened = ground.store.open_session(&id).unwrap();
    let records = &opened.newest.records;
    assert_eq!(records.len(), 3 * OPENED_TURNS as usize);
    assert_eq!((records[0].turn, records[0].seq), (31, 90));
    assert!(opened.newest.has_earlier && !opened.newest.has_later);
    assert_eq!((opened.summary.turns, opened.summary.records), (50, 150));
    assert_eq!((opened.summary.prompt_tokens, opened.summary.completion_tokens), (5_000, 550));
    assert_eq!((&*opened.summary.title, opened.summary.label()), ("question 1", "long"));

    let earlier = ground.store.page_before(&id, records[0].seq, 30).unwrap();
    assert_eq!((earlier.records[0].seq, earlier.records.len()), (0, 90));
    assert!(!earlier.has_earlier && earlier.has_later);
    let nothing = ground.store.page_before(&id, 0, 5).unwrap();
    assert!(nothing.records.is_empty());
}

#[test]
fn pins_and_the_newest_summary_are_known_at_once() {
    let ground = ground();
    let id = begin(&ground.store, None);
    let pin = |kind: RecordKind, path: &str| NewRecord::new(1, kind, json!({ "path": path }));
    for record in [
        pin(RecordKind::Pin, "a.rs"),
        pin(RecordKind::Pin, "b.rs"),
        pin(RecordKind::Unpin, "a.rs"),
        pin(RecordKind::Pin, "c.rs"),
        NewRecord::new(1, RecordKind::Summary, json!({"text": "first"})),
        NewRecord::new(2, RecordKind::Summary, json!({"text": "second"})),
        NewRecord::new(2, RecordKind::Title, json!({"text": "A title\nof lines"})),
    ] {
        ground.store.append(&id, &record).unwrap();
    }
    let opened = ground.store.open_session(&id).unwrap();
    assert_eq!(opened.pinned, ["b.rs", "c.rs"]);
    assert_eq!(opened.summarised.unwrap().said(), Some("second"));
    assert_eq!(opened.summary.title, "A title");
}

#[test]
fn what_cannot_be_a_record_is_refused() {
    let ground = ground();
    let id = begin(&ground.store, None);
    for kind in ["", "Big", "a b", "é", &"k".repeat(41)] {
        let refused = ground.store.append(&id, &NewRecord::new(1, kind, Value::Null));
        assert!(matches!(refused, Err(SessionError::BadRecord { .. })), "{kind}");
    }
    let large = NewRecord::user(1, &"x".repeat(17 << 20));
    assert!(matches!(ground.store.append(&id, &large), Err(SessionError::BadRecord { .. })));
    // All or none.
    let both = [NewRecord::user(1, "a"), NewRecord::new(1, "", Value::Null)];
    assert!(ground.store.append_all(&id, &both).is_err());
    assert_eq!(ground.store.summary(&id).unwrap().records, 0);
    // A kind that this version does not know is kept.
    ground.store.append(&id, &NewRecord::new(1, "later.kind", json!([1.5, null]))).unwrap();
    assert_eq!(all(&ground.store, &id)[0].kind, RecordKind::Other("later.kind".to_owned()));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

fn any_record() -> impl Strategy<Value = NewRecord> {
    prop_oneof![
        (0_u32..5, "[a-z_.]{1,9}", any_json())
            .prop_map(|(turn, kind, data)| NewRecord::new(turn, &*kind, data)),
        (1_u32..3, any::<String>()).prop_map(|(turn, text)| NewRecord::text(turn, &text)),
        (1_u32..3, any::<String>()).prop_map(|(turn, text)| NewRecord::user(turn, &text)),
    ]
}

/// What a log reads as: pieces of a text join.
fn joined(records: &[NewRecord]) -> Vec<(u32, String, Value)> {
    let mut read: Vec<(u32, String, Value)> = Vec::new();
    let mut open = false;
    for record in records {
        let fields = record.data.as_object().map_or(0, serde_json::Map::len);
        let text = record.data["text"].as_str().filter(|_| fields == 1);
        let kind = record.kind.to_string();
        let piece = text.filter(|_| kind == "text" || kind == "thinking");
        match (piece, read.last_mut()) {
            (Some(piece), Some((turn, last, data)))
                if open && *turn == record.turn && *last == kind =>
            {
                let text = format!("{}{piece}", data["text"].as_str().unwrap());
                *data = json!({ "text": text });
            }
            _ => read.push((record.turn, kind, record.data.clone())),
        }
        open = piece.is_some();
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_appended_is_read(records in prop::collection::vec(any_record(), 0..24), split in 0_usize..24) {
        let ground = ground();
        let id = begin(&ground.store, None);
        let split = split.min(records.len());
        if split > 0 {
            ground.store.append_all(&id, &records[..split]).unwrap();
        }
        for record in &records[split..] {
            ground.store.append(&id, record).unwrap();
        }
        let read: Vec<_> = all(&ground.store, &id)
            .into_iter()
            .enumerate()
            .map(|(number, record)| {
                assert_eq!(record.seq, number as u64);
                (record.turn, record.kind.to_string(), record.data)
            })
            .collect();
        prop_assert_eq!(&read, &joined(&records));

        // Its JSON is the same session again, in another store.
        let exported = ground.store.export(&id).unwrap();
        let text = exported.to_json();
        let again = mlxcode_agent::session_store::ExportedSession::from_json(&text).unwrap();
        prop_assert_eq!(&again, &exported);
        let other = super::ground();
        let imported = other.store.import(&again).unwrap();
        prop_assert_eq!(&imported, &id);
        prop_assert_eq!(other.store.export(&imported).unwrap().to_json(), text);
    }
}
