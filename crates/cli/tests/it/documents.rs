//! Every `--json` document: as promised by its schema, and as it was.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::ground::{Ground, Play, Ran, SHOUT, fixture};

/// Checks a document against `docs/schemas/NAME.json` and its snapshot.
fn check(schema: &str, snapshot: &str, ran: &Ran) {
    let document: Value = serde_json::from_str(&ran.out)
        .unwrap_or_else(|error| panic!("{snapshot}: {error}: {ran:?}"));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let text = fs::read_to_string(docs.join(format!("{schema}.json"))).unwrap();
    let promised = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    if let Err(error) = promised.validate(&document) {
        panic!("{snapshot}: {error}");
    }
    let code = ran.code;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r#""(prefill_ms|decode_ms|applied_at_ms)": [0-9.e-]+"#, "\"$1\": 0");
    // The checkpoints may be made again; that sizes and sums are right is
    // tested where they are computed.
    settings.add_filter(r#""sha256": "[0-9a-f]{64}""#, "\"sha256\": \"[sha256]\"");
    settings.add_filter(r#""time_ms": [0-9]+"#, "\"time_ms\": 0");
    settings.add_filter(r#""head": "[0-9a-f]{64}""#, "\"head\": \"[sha256]\"");
    settings.add_filter(r#""size_bytes": [0-9]+"#, "\"size_bytes\": 0");
    // What a measure finds is the machine's.
    settings.add_filter(
        r#""(\w+_(?:per_second|ms|resident_bytes|per_token)|threads|tier)": ("[^"]*"|[0-9.e+-]+|null)"#,
        "\"$1\": 0",
    );
    settings.bind(|| insta::assert_snapshot!(snapshot, format!("exit {code}\n{}", ran.out)));
}

#[test]
fn ask() {
    let ground = Ground::new();
    let play = Play { replies: Some(&["It opens the port."]), ..Play::default() };
    check("ask", "ask", &ground.play(&["ask", "who opens the port?", "--json"], play));
    check("ask", "ask_without_model", &ground.run(&["ask", "who opens the port?", "--json"]));
}

#[test]
fn edit_apply_undo_history() {
    let ground = Ground::new();
    let play = || Play { replies: Some(&[SHOUT]), ..Play::default() };
    check("edit", "edit", &ground.play(&["edit", "shout", "--yes", "--json"], play()));
    check("history", "history", &ground.run(&["history", "--json"]));
    check("undo", "undo", &ground.run(&["undo", "--json"]));
    check("redo", "redo", &ground.run(&["redo", "--json"]));
    check("audit", "audit", &ground.run(&["audit", "--json"]));
    check("audit-verify", "audit_verify", &ground.run(&["audit", "verify", "--json"]));
    ground.run(&["undo"]);
    let rename = ["rename", "gre*.py", "$1.txt", "--dry-run", "--json"];
    check("rename", "rename", &ground.run(&rename));
    let reply = || Play { input: SHOUT, ..Play::default() };
    check("apply", "apply_dry_run", &ground.play(&["apply", "--dry-run", "--json"], reply()));
    let wrong = SHOUT.replace("\"hello\"", "\"hullo\"");
    let wrong = Play { input: &wrong, ..Play::default() };
    check("apply", "apply_refused", &ground.play(&["apply", "--yes", "--json"], wrong));
    check("error", "error", &ground.run(&["undo", "99", "--json"]));
}

#[test]
fn generate() {
    let ground = Ground::new();
    let play = Play { replies: Some(&["one two"]), ..Play::default() };
    check("generate", "generate", &ground.play(&["generate", "--prompt", "x", "--json"], play));
}

#[test]
fn models() {
    let ground = Ground::new();
    check("models-list", "models_list_empty", &ground.run(&["models", "list", "--json"]));
    let path = fixture("qwen2-gguf-q4_0/model.gguf");
    let add = ["models", "add", path.to_str().unwrap(), "--name", "tiny", "--json"];
    check("models-add", "models_add", &ground.run(&add));
    check("models-list", "models_list", &ground.run(&["models", "list", "--json"]));
    check("models-show", "models_show", &ground.run(&["models", "show", "tiny", "--json"]));
    check("models-verify", "models_verify", &ground.run(&["models", "verify", "tiny", "--json"]));
    check("models-rm", "models_rm", &ground.run(&["models", "rm", "tiny", "--json"]));
}

#[test]
fn bench() {
    let ground = Ground::new();
    let model = fixture("qwen2-gguf-q4_0/model.gguf");
    let counts = ["--prompt-tokens", "9", "--generate-tokens", "3", "--repeat", "2"];
    let args = [&["bench", "--json", "--model", model.to_str().unwrap()], &counts[..]].concat();
    let ran = ground.run(&args);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    for name in ["prefill_tokens_per_second", "decode_tokens_per_second", "load_ms"] {
        assert!(document[name].as_f64().unwrap() > 0.0, "{name}: {document}");
    }
    check("bench", "bench", &ran);
}

#[test]
fn doctor_keeps_its_schema() {
    // What it says differs from machine to machine.
    let ran = Ground::new().run(&["doctor", "--json"]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["healthy"], Value::Bool(true), "{document}");
    assert!(document["checks"].as_array().unwrap().len() >= 6);
}
