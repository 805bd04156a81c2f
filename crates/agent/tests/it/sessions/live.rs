//! Conversations that are written down while they run, and go on later.

use std::sync::Arc;

use mlxcode_agent::session_store::{NewRecord, RecordKind, SessionStore, StoredLog};
use mlxcode_agent::{Decision, Session, SessionLog, SessionOptions};
use mlxcode_models::{LanguageModel, Role, ScriptedModel};

use super::{all, at, begin};
use crate::session::world::{World, block, model, read};

const GREET: &str = "def greet():\n    return \"hello\"\n";

fn logged(world: &World, model: &Arc<ScriptedModel>, log: &Arc<StoredLog>) -> Session {
    let mut parts = world.parts(model);
    parts.log = Some(Arc::clone(log) as Arc<dyn SessionLog>);
    let turns = log.store().summary(log.id()).unwrap().turns;
    Session::resume(parts, SessionOptions::default(), log.entries(), turns.into()).unwrap()
}

#[test]
fn a_conversation_is_written_down_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(at(&folder.path().join("s.sqlite3")));
    let id = begin(&store, None);
    let world = World::new(&[("greet.py", GREET)]);
    let louder = block("greet.py", "    return \"hello\"\n", "    return \"HELLO\"\n");
    let quiet = block("greet.py", "    return \"HELLO\"\n", "    return \"x\"\n");
    let talker = model(&[&format!("Louder:\n\n{louder}"), &format!("Quiet:\n\n{quiet}")]);
    let log = Arc::new(StoredLog::open(Arc::clone(&store), &id, "tiny").unwrap());
    let session = logged(&world, &talker, &log);
    read(session.ask("make greet louder").unwrap(), |_| Decision::Yes);
    read(session.ask("make it quiet").unwrap(), |_| Decision::No);
    assert!(log.take_problem().is_none());

    let records = all(&store, &id);
    let of = |kind: RecordKind| records.iter().filter(move |record| record.kind == kind);
    let asked: Vec<_> = of(RecordKind::User).map(|record| record.said().unwrap()).collect();
    assert_eq!(asked, ["make greet louder", "make it quiet"]);
    let said: Vec<_> = of(RecordKind::Text).map(|record| record.said().unwrap()).collect();
    assert_eq!(said, [format!("Louder:\n\n{louder}"), format!("Quiet:\n\n{quiet}")]);
    let edits: Vec<_> = of(RecordKind::Edit).map(|record| &record.data["outcome"]).collect();
    assert_eq!(edits, ["proposed", "applied", "proposed", "rejected"]);
    let applied = of(RecordKind::Edit).nth(1).unwrap().data["entry"].as_str().unwrap().to_owned();
    let page = store.export(&id).unwrap().to_markdown();
    assert!(page.contains("-    return \"hello\"\n+    return \"HELLO\"\n"), "{page}");

    // It goes on from what the model was told, in another process.
    assert_eq!(store.entries(&id).unwrap(), session.entries().unwrap());
    drop((session, log, store));
    let store = Arc::new(at(&folder.path().join("s.sqlite3")));
    let talker = model(&["It says HELLO."]);
    let log = Arc::new(StoredLog::open(Arc::clone(&store), &id, "tiny").unwrap());
    let session = logged(&world, &talker, &log);
    read(session.ask("what does it say?").unwrap(), |_| Decision::Yes);
    let prompts = talker.prompts();
    let told: Vec<_> = prompts[0].as_messages().iter().map(|message| message.role).collect();
    assert_eq!(told.iter().filter(|role| **role == Role::User).count(), 3);
    assert_eq!(store.summary(&id).unwrap().turns, 3);
    assert_eq!(talker.info().name, "scripted");

    let stats = store.stats(0, u64::MAX).unwrap();
    assert_eq!((stats.queries, stats.models["tiny"].answers), (3, 3));
    assert_eq!((stats.edits.applied, stats.edits.rejected), (1, 1));
    assert!(store.note_undone(&applied).unwrap() && !store.note_undone(&applied).unwrap());
    assert!(!store.note_undone("none such").unwrap());
    assert_eq!(store.stats(0, u64::MAX).unwrap().edits.acceptance(), Some(0.0));
}

#[test]
fn a_long_conversation_goes_on_from_its_newest_whole_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(at(&folder.path().join("s.sqlite3")));
    let id = begin(&store, None);
    let world = World::new(&[("greet.py", GREET)]);
    let replies: Vec<String> = (0..60).map(|number| format!("Answer {number}.")).collect();
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    let log = Arc::new(StoredLog::open(Arc::clone(&store), &id, "tiny").unwrap());
    let talker = Arc::new(ScriptedModel::new(replies).with_context_length(400_000));
    let session = logged(&world, &talker, &log);
    for number in 0..60 {
        read(session.ask(format!("question {number}")).unwrap(), |_| Decision::Yes);
    }
    let entries = session.entries().unwrap();
    assert_eq!(store.entries(&id).unwrap(), entries);
    let whole = all(&store, &id).into_iter().filter(|record| record.data["keep"] == 0).count();
    assert_eq!(whole, 1);
    session.clear().unwrap();
    assert!(store.entries(&id).unwrap().is_empty());
    assert!(log.take_problem().is_none());
}

#[test]
fn what_was_said_is_told_where_nothing_else_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = SessionStore::open(&folder.path().join("s.sqlite3")).unwrap();
    let id = begin(&store, None);
    store.append(&id, &NewRecord::user(1, "hello")).unwrap();
    store.append(&id, &NewRecord::text(1, "Hi.")).unwrap();
    let entries = store.entries(&id).unwrap();
    let told: Vec<_> =
        entries.iter().map(|entry| (entry.message.role, &*entry.message.content)).collect();
    assert_eq!(told, [(Role::User, "hello"), (Role::Assistant, "Hi.")]);
}

#[test]
fn turns_are_counted_on_where_what_was_said_was_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(at(&folder.path().join("s.sqlite3")));
    let id = begin(&store, None);
    let world = World::new(&[("greet.py", GREET)]);
    let log = Arc::new(StoredLog::open(Arc::clone(&store), &id, "tiny").unwrap());
    let session = logged(&world, &model(&["One.", "Two."]), &log);
    for question in ["what is first?", "what is second?"] {
        read(session.ask(question).unwrap(), |_| Decision::Yes);
    }
    session.clear().unwrap();
    drop((session, log));

    let log = Arc::new(StoredLog::open(Arc::clone(&store), &id, "tiny").unwrap());
    assert!(log.entries().is_empty());
    let session = logged(&world, &model(&["Three."]), &log);
    read(session.ask("what is third?").unwrap(), |_| Decision::Yes);
    assert_eq!(store.summary(&id).unwrap().turns, 3);
    // A copy up to the second turn holds nothing of the third.
    let copy = store.fork(&id, 2, None).unwrap();
    let said: Vec<String> =
        all(&store, &copy).iter().filter_map(|one| one.said().map(str::to_owned)).collect();
    assert_eq!(said, ["what is first?", "One.", "what is second?", "Two."]);
}
