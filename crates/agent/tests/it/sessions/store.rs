//! Many sessions: listing, finding, forking, deleting, counting.

use std::fs;

use mlxcode_agent::session_store::{
    EditOutcome, NewRecord, SessionError, SessionFilter, SessionStore,
};
use mlxcode_base::{Diagnostic, ErrorKind};
use serde_json::json;

use super::{NEW_YEAR, all, at, begin, finished, ground, list, turn};

#[test]
fn sessions_are_listed_by_their_last_use() {
    let ground = ground();
    let store = &ground.store;
    let first = begin(store, Some("ports"));
    let second = begin(store, None);
    turn(store, &second, 1, "\n  Rename the Parser, please\nand more", &["Done."]);
    turn(store, &first, 1, "Who opens the port?", &["main.rs"]);
    let labels = |filter: &SessionFilter| -> Vec<String> {
        store.list(filter).unwrap().iter().map(|one| one.label().to_owned()).collect()
    };
    let all = SessionFilter::default();
    assert_eq!(labels(&all), ["ports", "Rename the Parser, please"]);
    let text = |text: &str| SessionFilter { text: Some(text.to_owned()), ..all.clone() };
    assert_eq!(labels(&text("PARSER")), ["Rename the Parser, please"]);
    assert_eq!(labels(&text(first.as_str())), ["ports"]);
    assert_eq!(labels(&text("nothing")), [""; 0]);
    let since_ms = Some(store.summary(&second).unwrap().updated_ms + 1);
    assert_eq!(labels(&SessionFilter { since_ms, ..all.clone() }), ["ports"]);
    assert_eq!(labels(&SessionFilter { limit: 1, ..all }), ["ports"]);
    assert_eq!(store.latest().unwrap(), Some(first));
}

#[test]
fn a_session_is_found_by_what_one_remembers_of_it() {
    let ground = ground();
    let store = &ground.store;
    let one = begin(store, Some("Parser work"));
    let two = begin(store, Some("parser tests"));
    for (typed, expect) in [
        (one.as_str(), &one),
        ("Parser work", &one),
        ("parser WORK", &one),
        ("Parser", &one),
        ("parser t", &two),
        // Case decides where it can.
        ("parser", &two),
    ] {
        assert_eq!(&store.find(typed).unwrap(), expect, "{typed}");
    }
    let error = store.find("PARSER").unwrap_err();
    assert!(matches!(&error, SessionError::Ambiguous { candidates, .. } if candidates.len() == 2));
    let error = store.find("parsr work").unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "sessions.not_found"));
    assert_eq!(error.help().unwrap(), "did you mean `Parser work`?");
    assert!(store.find("").unwrap_err().help().unwrap().contains("sessions list"));
}

#[test]
fn names_are_lines_and_belong_to_one() {
    let ground = ground();
    let store = &ground.store;
    let one = begin(store, Some("mine"));
    let two = begin(store, None);
    for name in ["", " x", "a\nb", one.as_str(), &"n".repeat(81)] {
        let refused = store.rename(&two, Some(name));
        assert!(matches!(refused, Err(SessionError::BadName { .. })), "{name:?}");
    }
    let taken = store.rename(&two, Some("mine"));
    assert!(matches!(taken, Err(SessionError::NameTaken { .. })));
    store.rename(&one, Some("mine")).unwrap();
    store.rename(&one, None).unwrap();
    store.rename(&two, Some("mine")).unwrap();
    assert_eq!(store.find("mine").unwrap(), two);
}

#[test]
fn a_fork_shares_what_was_and_goes_on_alone() {
    let ground = ground();
    let store = &ground.store;
    let one = begin(store, None);
    for number in 1..=3 {
        turn(store, &one, number, &format!("question {number}"), &["an ", "answer"]);
    }
    // A text that still grows.
    store.append(&one, &NewRecord::text(4, "half")).unwrap();
    let fork = store.fork(&one, 2, Some("other way")).unwrap();
    let summary = store.summary(&fork).unwrap();
    assert_eq!(summary.parent, Some((one.clone(), 2)));
    assert_eq!((summary.turns, summary.records, summary.prompt_tokens), (2, 6, 200));
    turn(store, &fork, 3, "another question", &["more"]);
    assert_eq!(all(store, &fork)[..6], all(store, &one)[..6]);
    assert_eq!(all(store, &fork).len(), 9);
    assert_eq!(all(store, &one).len(), 10);
    let error = store.fork(&one, 9, None).unwrap_err();
    assert!(matches!(error, SessionError::NoTurn { turns: 4, .. }), "{error}");
    assert_eq!(store.summary(&store.fork(&one, 0, None).unwrap()).unwrap().records, 0);

    // What both share is found once, and is whole when the parent is gone.
    let hits = store.search("question 2", 9).unwrap();
    assert_eq!((hits.len(), &hits[0].session), (1, &one));
    let before = all(store, &fork);
    store.delete(&one).unwrap();
    assert_eq!(all(store, &fork), before);
    let hits = store.search("question", 9).unwrap();
    assert!(hits.len() == 3 && hits.iter().all(|hit| hit.session == fork), "{hits:?}");
    assert!(store.search("half", 9).unwrap().is_empty());
}

#[test]
fn what_was_deleted_is_in_no_file_any_more() {
    let ground = ground();
    let store = &ground.store;
    let kept = begin(store, None);
    turn(store, &kept, 1, "a question that stays", &["so does its answer"]);
    let gone = begin(store, Some("hiddenname"));
    for number in 1..40 {
        let asked = format!("zebraquestion {number} {}", "zebrafiller ".repeat(300));
        turn(store, &gone, number, &asked, &["zebraanswer ", "xylophone"]);
    }
    store.append(&gone, &NewRecord::text(40, "zebragrowing")).unwrap();
    store.append(&gone, &NewRecord::text(40, " zebrapiece")).unwrap();
    assert_eq!(store.search("zebraquestion", 100).unwrap().len(), 39);
    store.delete(&gone).unwrap();
    assert!(store.search("zebraquestion", 9).unwrap().is_empty());
    assert!(matches!(store.summary(&gone), Err(SessionError::NotFound { .. })));
    assert_eq!(store.search("stays", 9).unwrap().len(), 1);
    let files = fs::read_dir(store.path().parent().unwrap()).unwrap();
    let mut read = 0;
    for file in files {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        read += bytes.len();
        for word in ["zebra", "xylophone", "hiddenname"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} is still there");
        }
    }
    assert!(read > 100_000, "the pages of what was deleted are still there, empty: {read}");
}

#[test]
fn what_nobody_used_for_long_is_deleted() {
    let ground = ground();
    let store = &ground.store;
    let old = begin(store, None);
    let named = begin(store, Some("a name"));
    let new = begin(store, None);
    turn(store, &new, 1, "question", &["answer"]);
    let used = store.summary(&new).unwrap().updated_ms;
    assert_eq!(store.delete_unused_since(used).unwrap(), 1);
    assert!(store.summary(&old).is_err());
    assert!(store.summary(&named).is_ok(), "what has a name is kept");
    assert_eq!(store.delete_unused_since(used).unwrap(), 0);
}

#[test]
fn texts_are_found_whatever_their_case_and_accents() {
    let ground = ground();
    let store = &ground.store;
    let id = begin(store, Some("ports"));
    turn(store, &id, 1, "Où est le Café?", &["In `open_port` of ", "main.rs, it ", "says."]);
    let search = |query: &str| store.search(query, 9).unwrap();
    for (query, found) in [
        ("cafe", 1),
        ("CAFÉ où", 1),
        ("open_port", 1),
        ("main.rs", 1),
        ("\"it says\"", 1),
        ("\"says it\"", 0),
        ("says it", 1),
        ("open", 0),
        ("open*", 1),
        ("cafe nothing", 0),
        ("NOT", 0),
    ] {
        assert_eq!(search(query).len(), found, "{query}");
    }
    let hit = &search("says")[0];
    assert_eq!((&*hit.label, hit.turn, hit.seq), ("ports", 1, 1));
    assert_eq!(hit.snippet, "In `open_port` of main.rs, it says.");
    assert!(matches!(store.search(" \"-\" ", 9), Err(SessionError::NoWords { .. })));
}

#[test]
fn work_is_counted_by_model_and_day() {
    let ground = ground();
    let store = &ground.store;
    let id = begin(store, None);
    let day = 86_400_000;
    let add = |record: NewRecord, time_ms: u64| {
        store.append(&id, &NewRecord { time_ms: Some(time_ms), ..record }).unwrap();
    };
    for (day_number, model) in [(0, "tiny"), (1, "tiny"), (1, "large")] {
        let time_ms = NEW_YEAR + day_number * day;
        add(NewRecord::user(1, "do it"), time_ms);
        add(NewRecord::generation(1, model, &finished(100, 11)), time_ms);
        add(NewRecord::edit(1, EditOutcome::Proposed, 4), time_ms);
        add(NewRecord::edit(1, EditOutcome::Applied, 3), time_ms);
        add(NewRecord::edit(1, EditOutcome::Rejected, 1), time_ms);
    }
    add(NewRecord::edit(1, EditOutcome::Undone, 1), NEW_YEAR + day);
    // What is not as it should be counts nothing.
    add(NewRecord::new(1, "edit", json!({"outcome": "eaten", "edits": -3})), NEW_YEAR);
    add(NewRecord::new(1, "generation", json!("?")), NEW_YEAR);
    let stats = store.stats(0, u64::MAX).unwrap();
    assert_eq!((stats.sessions, stats.queries, stats.total.answers), (1, 3, 4));
    assert_eq!((stats.edits.proposed, stats.edits.applied, stats.edits.rejected), (12, 9, 3));
    // Nine of twelve were written, one of these taken back.
    assert_eq!(stats.edits.acceptance(), Some(8.0 / 12.0));
    assert_eq!(stats.models["tiny"].prompt_tokens, 200);
    // 100 tokens in 50 ms; ten after the first in 100 ms.
    assert_eq!(stats.models["large"].speed.prefill_per_second(), Some(2_000.0));
    assert_eq!(stats.total.speed.decode_per_second(), Some(100.0));
    assert_eq!(stats.days.keys().copied().collect::<Vec<_>>(), [20_454, 20_455]);
    let second = store.stats(NEW_YEAR + day, NEW_YEAR + 2 * day).unwrap();
    assert_eq!((second.queries, second.models.len(), second.days.len()), (2, 2, 1));
    // A fork does nothing anew.
    store.fork(&id, 1, None).unwrap();
    let again = store.stats(0, u64::MAX).unwrap();
    assert_eq!((again.queries, again.total, again.edits), (3, stats.total, stats.edits));
    assert_eq!(store.stats(0, 1).unwrap().edits.acceptance(), None);
}

#[test]
fn two_that_have_it_open_see_each_other() {
    let ground = ground();
    let other = at(ground.store.path());
    let id = begin(&ground.store, Some("shared"));
    assert!(matches!(
        other.create(&mlxcode_agent::session_store::NewSession {
            name: Some("shared".to_owned()),
            ..Default::default()
        }),
        Err(SessionError::NameTaken { .. })
    ));
    // The same moment and the same chance: another id is drawn.
    assert_ne!(begin(&other, None), id);
    ground.store.append(&id, &NewRecord::text(1, "a")).unwrap();
    other.append(&id, &NewRecord::text(1, "b")).unwrap();
    ground.store.append(&id, &NewRecord::text(1, "c")).unwrap();
    assert_eq!(all(&other, &id)[0].said(), Some("abc"));
    assert_eq!(list(&other).len(), 2);
}

#[cfg(unix)]
#[test]
fn conversations_are_for_their_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ground = ground();
    let folder = ground.store.path().parent().unwrap();
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_store_that_is_none_of_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sqlite3");
    let change = |sql: &str| {
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    change("CREATE TABLE mine (a)");
    assert!(matches!(SessionStore::open(&path), Err(SessionError::Foreign { .. })));
    fs::remove_file(&path).unwrap();
    let id = begin(&at(&path), None);
    change("PRAGMA user_version = 99");
    let newer = SessionStore::open(&path);
    assert!(matches!(newer, Err(SessionError::Newer { found: 99, .. })), "{newer:?}");
    change("PRAGMA user_version = 2");
    assert_eq!(list(&at(&path))[0].id, id);
    let nowhere = SessionStore::open(&path.join("below"));
    assert!(matches!(nowhere, Err(SessionError::Folder { .. })), "{nowhere:?}");
}

#[test]
fn a_file_of_the_first_layout_is_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sqlite3");
    let store = at(&path);
    let [grows, done] = ["grows", "done"].map(|name| begin(&store, Some(name)));
    for piece in ["a", "b", "c"] {
        store.append(&grows, &NewRecord::text(1, piece)).unwrap();
    }
    super::turn(&store, &done, 1, "question", &["an ", "answer"]);
    let records = [all(&store, &grows), all(&store, &done)];
    drop(store);
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("ALTER TABLE session DROP COLUMN open_pieces; PRAGMA user_version = 1;")
        .unwrap();

    let store = at(&path);
    assert_eq!([all(&store, &grows), all(&store, &done)], records);
    store.append(&grows, &NewRecord::text(1, "d")).unwrap();
    assert_eq!(all(&store, &grows)[0].said(), Some("abcd"));
    store.append(&done, &NewRecord::text(2, "more")).unwrap();
    assert_eq!(SessionStore::repair(&path).unwrap().damage, None);
}
