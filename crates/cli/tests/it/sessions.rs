//! Conversations on the command line.

use std::fs;

use mlxcode_core::{
    EditOutcome, FinishReason, Finished, NewRecord, NewSession, SessionId, SessionStore, Timings,
    Usage, Workspace,
};
use serde_json::{Value, json};

use crate::documents::{printed, promised};
use crate::ground::{Ground, Play, SHOUT};

fn store(ground: &Ground) -> SessionStore {
    let dirs = mlxcode_core::Dirs::under(&ground.home());
    Workspace::open(&ground.root(), &dirs).unwrap().sessions().unwrap()
}

/// A session of two turns, in which an edit was applied.
fn talk(store: &SessionStore, name: Option<&str>) -> SessionId {
    let new = NewSession {
        name: name.map(str::to_owned),
        model: "tiny".to_owned(),
        mode: "ask".to_owned(),
        ..NewSession::default()
    };
    let id = store.create(&new).unwrap();
    let finished = Finished {
        reason: FinishReason::Stop,
        usage: Usage { prompt_tokens: 100, completion_tokens: 11 },
        timings: Timings { prefill_ms: 50.0, decode_ms: 100.0 },
    };
    let mut applied = NewRecord::edit(2, EditOutcome::Applied, 1);
    applied.data["diff"] = json!("--- a/greet.py\n+++ b/greet.py\n@@ -1 +1 @@\n-hello\n+HELLO\n");
    for (number, record) in [
        NewRecord::user(1, "Who opens the port?"),
        NewRecord::text(1, "It is `open_port`, \n"),
        NewRecord::text(1, "in port.py."),
        NewRecord::generation(1, "tiny", &finished),
        NewRecord::user(2, "Shout \u{1b}[31m please"),
        NewRecord::text(2, "Louder."),
        NewRecord::edit(2, EditOutcome::Proposed, 1),
        applied,
        NewRecord::generation(2, "tiny", &finished),
    ]
    .into_iter()
    .enumerate()
    {
        let time_ms = Some(1_767_225_600_000 + 1_000 * number as u64);
        store.append(&id, &NewRecord { time_ms, ..record }).unwrap();
    }
    id
}

#[test]
fn a_conversation_is_listed_shown_and_found() {
    let ground = Ground::new();
    let nothing = ground.run(&["sessions", "list"]);
    assert_eq!((nothing.code, &*nothing.err), (0, "there is no such session\n"));
    let id = talk(&store(&ground), Some("ports"));
    let listed = ground.run(&["sessions", "list"]);
    // It was made now, which is later than what was said in it.
    let (head, row) = listed.out.split_once('\n').unwrap();
    assert_eq!(head, "id             turns  tokens  last used                name   title");
    assert!(row.starts_with(&format!("{id}      2     222  ")), "{row}");
    assert!(row.ends_with(" UTC  ports  Who opens the port?\n"), "{row}");
    let time = row.split("222  ").nth(1).unwrap().split("  ").next().unwrap();
    let shown = ground.run(&["sessions", "show", "por"]);
    let expect = format!(
        "{id} (ports)  Who opens the port?\n\
         2 turns, 200 + 22 tokens, tiny, last used {time}\n\n\
         you (turn 1)\nWho opens the port?\n\n\
         tiny (turn 1)\nIt is `open_port`, \nin port.py.\n\n\
         you (turn 2)\nShout ␛[31m please\n\n\
         tiny (turn 2)\nLouder.\n\n\
         1 edit proposed\n\n1 edit applied\n--- a/greet.py\n+++ b/greet.py\n@@ -1 +1 @@\n-hello\n+HELLO\n\n"
    );
    assert_eq!((shown.code, shown.out), (0, expect));
    let last = ground.run(&["sessions", "show", "--turns", "1"]);
    assert!(last.out.contains("the last 1 turn") && !last.out.contains("port.py"), "{last:?}");

    let found = ground.run(&["sessions", "search", "OPEN_PORT"]);
    let place = format!("{id} turn 1  2026-01-01 00:00:01 UTC  ports\n");
    assert_eq!(found.out, format!("{place}  It is `open_port`, in port.py.\n"));
    let nothing = ground.run(&["sessions", "search", "zebra"]);
    assert_eq!((nothing.code, &*nothing.out), (0, ""));
    assert_eq!(ground.run(&["sessions", "search", "?"]).code, 2);
    let missing = ground.run(&["sessions", "show", "prots"]);
    assert_eq!(missing.code, 3);
    assert!(missing.err.contains("did you mean `ports`?"), "{missing:?}");

    let list = printed(&ground, "sessions-list", &["sessions", "list", "WHO"]);
    assert_eq!(list["sessions"][0]["id"], json!(id.to_string()));
    let show = printed(&ground, "sessions-show", &["sessions", "show"]);
    assert_eq!(show["records"].as_array().unwrap().len(), 8);
    assert_eq!(show["records"][0]["data"]["text"], json!("Who opens the port?"));
    let search = printed(&ground, "sessions-search", &["sessions", "search", "loud*"]);
    assert_eq!(search["hits"][0]["turn"], json!(2));
}

#[test]
fn a_conversation_is_renamed_forked_and_deleted() {
    let ground = Ground::new();
    let id = talk(&store(&ground), None).to_string();
    let renamed = printed(&ground, "sessions-rename", &["sessions", "rename", &id, "mine"]);
    assert_eq!(renamed["name"], json!("mine"));
    let forked = printed(
        &ground,
        "sessions-fork",
        &["sessions", "fork", "mine", "--at", "1", "--name", "b"],
    );
    assert_eq!((&forked["parent"], &forked["turns"]), (&json!(id), &json!(1)));
    assert_eq!(ground.run(&["sessions", "fork", "mine", "--at", "7"]).code, 3);
    assert_eq!(ground.run(&["sessions", "rename", "mine", "b"]).code, 4);

    let nobody = ground.run(&["sessions", "delete", "mine"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("pass --yes"), "{nobody:?}");
    let no = Play { typed: Some("n\n"), ..Play::default() };
    let kept = ground.play(&["sessions", "delete", "mine"], no);
    assert!(kept.code == 0 && kept.err.ends_with("nothing was deleted\n"), "{kept:?}");
    let yes = Play { typed: Some("y\n"), ..Play::default() };
    let gone = ground.play(&["sessions", "delete", "mine"], yes);
    assert_eq!((gone.code, &*gone.out), (0, "deleted 1 session\n"), "{gone:?}");
    let gone = printed(&ground, "sessions-delete", &["sessions", "delete", "b", "--yes"]);
    assert_eq!(gone["deleted"].as_array().unwrap().len(), 1);
    assert_eq!(ground.run(&["sessions", "show"]).code, 3);
}

#[test]
fn a_conversation_goes_into_a_file_and_back() {
    let ground = Ground::new();
    let id = talk(&store(&ground), Some("ports"));
    let page = ground.run(&["sessions", "export"]).out;
    assert!(page.contains("# Who opens the port?") && page.contains("```diff"), "{page}");
    for name in ["talk.md", "talk.json"] {
        let args = ["sessions", "export", "ports", "--output", name];
        printed(&ground, "sessions-export", &args);
        let again = ground.run(&args);
        assert!(again.code != 0 && again.err.contains("--force"), "{again:?}");
        let imported = printed(&ground, "sessions-import", &["sessions", "import", name]);
        assert_eq!((&imported["records"], &imported["name"]), (&json!(8), &Value::Null));
    }
    let whole: Value = serde_json::from_str(&ground.read("talk.json")).unwrap();
    promised("session", &whole);
    assert_eq!(whole["id"], json!(id.to_string()));
    // Into another project, under its own name.
    let other = Ground::new();
    let text = ground.read("talk.json");
    let play = Play { input: &text, ..Play::default() };
    let imported = other.play(&["sessions", "import", "-"], play);
    assert_eq!(imported.out, format!("imported {id}: ports, 2 turns\n"), "{imported:?}");
    let again = other.run(&["sessions", "export", "ports", "--format", "json"]);
    assert_eq!(again.out, text);
    ground.write("bad.json", "{\"version\": 9}");
    assert_eq!(ground.run(&["sessions", "import", "bad.json"]).code, 2);
}

#[test]
fn a_conversation_is_played_again() {
    let ground = Ground::new();
    talk(&store(&ground), None);
    let played = ground.run(&["sessions", "replay", "--json"]);
    let lines: Vec<Value> =
        played.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        promised("sessions-replay", line);
    }
    assert_eq!(lines.len(), 8);
    let second = ground.run(&["sessions", "replay", "--from", "2"]);
    assert!(second.out.contains("\nLouder.\n") && !second.out.contains("port.py"), "{second:?}");
    assert_eq!(ground.run(&["sessions", "replay", "--from", "9"]).code, 3);
    let stopped = Play { is_cancelled: true, ..Play::default() };
    assert_eq!(ground.play(&["sessions", "replay"], stopped).code, 130);
}

#[test]
fn work_is_counted() {
    let ground = Ground::new();
    assert_eq!(ground.run(&["stats"]).err, "nothing was done here yet\n");
    talk(&store(&ground), None);
    let stats = ground.run(&["stats", "--days"]);
    let expect = "2 questions in 1 session\n\
        edits: 1 proposed, 1 applied, 0 rejected, 0 undone: 100 % kept\n\n\
        model  answers  tokens in  tokens out  prefill/s  decode/s\n\
        tiny         2        200          22     2000.0     100.0\n\n\
        day         answers  tokens in  tokens out  prefill/s  decode/s\n\
        2026-01-01        2        200          22     2000.0     100.0\n";
    assert_eq!(stats.out, expect);
    let stats = printed(&ground, "stats", &["stats", "--until", "2026-01-01"]);
    assert_eq!((&stats["queries"], &stats["edits"]["acceptance"]), (&json!(0), &Value::Null));
    assert_eq!(ground.run(&["stats", "--since", "tomorrow"]).code, 2);
}

#[test]
fn a_damaged_file_is_repaired() {
    let ground = Ground::new();
    let sound = ground.run(&["sessions", "repair"]);
    assert_eq!(sound.out, "the sessions are as they were written\n");
    let store = store(&ground);
    let path = store.path().to_owned();
    talk(&store, Some("ports"));
    store.sync().unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(7).position(|window| window == b"Louder.").unwrap();
    bytes[place] = b'X';
    fs::write(&path, bytes).unwrap();
    let shown = ground.run(&["sessions", "show"]);
    assert_eq!(shown.code, 6, "{shown:?}");
    assert!(shown.err.contains("sessions repair"), "{shown:?}");
    let ran = ground.run(&["sessions", "repair", "--json"]);
    let repaired = ran.document();
    promised("sessions-repair", &repaired);
    assert_eq!((ran.code, &repaired["records"], &repaired["lost"]), (1, &json!(7), &json!(1)));
    assert!(fs::exists(repaired["kept_aside"].as_str().unwrap()).unwrap());
    assert_eq!(ground.run(&["sessions", "show", "ports"]).code, 0);
}

#[test]
fn a_recorded_run_is_played_again_without_its_model() {
    let ground = Ground::new();
    let edit = |file: &[&str], play: Play<'_>| {
        let ran = ground.play(&[&["edit", "shout", "--dry-run", "--json"], file].concat(), play);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let with_model = Play { replies: Some(&[SHOUT]), ..Play::default() };
    let then = edit(&["--record", "run.jsonl"], with_model);
    assert_eq!(edit(&["--replay", "run.jsonl"], Play::default()), then);
    let ran = ground.run(&["edit", "whisper", "--dry-run", "--replay", "run.jsonl"]);
    assert!(ran.code != 0 && ran.err.contains("record it again"), "{ran:?}");
    let again = Play { replies: Some(&[SHOUT]), ..Play::default() };
    let refused = ground.play(&["edit", "shout", "--record", "run.jsonl"], again);
    assert!(refused.code != 0 && refused.err.contains("cannot write run.jsonl"), "{refused:?}");
}
