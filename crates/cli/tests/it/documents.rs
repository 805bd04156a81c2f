//! Every `--json` document: as promised by its schema, and as it was.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::ground::{Ground, Play, Ran, SHOUT, fixture};

/// Checks a document against `docs/schemas/NAME.json`.
pub fn promised(schema: &str, document: &Value) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let text = fs::read_to_string(docs.join(format!("{schema}.json"))).unwrap();
    let promised = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    if let Err(error) = promised.validate(document) {
        panic!("{schema}: {error}: {document}");
    }
}

/// The document that a command prints, which is as its schema promises.
#[track_caller]
pub fn printed(ground: &Ground, schema: &str, args: &[&str]) -> Value {
    let document = ground.run(&[args, &["--json"]].concat()).succeeded().document();
    promised(schema, &document);
    document
}

/// Checks a document against its schema and its snapshot.
pub fn check(schema: &str, snapshot: &str, ran: &Ran) {
    let document = ran.document();
    promised(schema, &document);
    let code = ran.code;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r#""(prefill_ms|decode_ms|applied_at_ms)": [0-9.e-]+"#, "\"$1\": 0");
    settings.add_filter(r#""path": "[^"]*[\\/]made""#, "\"path\": \"[project]/made\"");
    // The checkpoints may be made again; that sizes and sums are right is
    // tested where they are computed.
    settings.add_filter(r#""sha256": "[0-9a-f]{64}""#, "\"sha256\": \"[sha256]\"");
    settings.add_filter(r#""(\w*_bytes)": [0-9]+"#, "\"$1\": 0");
    settings.add_filter(r#""folder": "[^"]*""#, "\"folder\": \"[folder]\"");
    // The last digits hang on the machine's logarithm.
    settings.add_filter(r#""score": [0-9.]+"#, "\"score\": 0");
    settings.add_filter(r#""path": "[^"]*\.sqlite3""#, "\"path\": \"[index]\"");
    settings.add_filter(r#""time_ms": [0-9]+"#, "\"time_ms\": 0");
    settings.add_filter(r#""head": "[0-9a-f]{64}""#, "\"head\": \"[sha256]\"");
    // What a measure finds is the machine's.
    settings.add_filter(
        r#""(\w+_(?:per_second|ms|resident_bytes|per_token|memory_bytes)|memory_bytes|threads|tier)": ("[^"]*"|[0-9.e+-]+|null)"#,
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
    check("models-verify-all", "models_verify_all", &ground.run(&["models", "verify", "--json"]));
    check("models-repair", "models_repair", &ground.run(&["models", "repair", "tiny", "--json"]));
    let leftover = ground.home().join("data/models/.adding-x");
    fs::create_dir(&leftover).unwrap();
    let cleared = ground.run(&["models", "gc", "--yes", "--json"]);
    assert!(cleared.out.contains("\"kind\": \"leftover\"") && !leftover.exists());
    check("models-gc", "models_gc", &ground.run(&["models", "gc", "--json"]));
    check("models-disk", "models_disk", &ground.run(&["models", "disk", "--json"]));
    let convert = ["models", "convert", "tiny", "--to", "safetensors:f16", "--output", "made"];
    let convert = ground.run(&[&convert[..], &["--json"]].concat());
    check("models-convert", "models_convert", &convert);
    check("models-rm", "models_rm", &ground.run(&["models", "rm", "tiny", "--json"]));
}

#[test]
fn library() {
    let ground = Ground::new();
    let path = fixture("qwen2-gguf-q4_0/model.gguf");
    ground.run(&["models", "add", path.to_str().unwrap(), "--name", "tiny"]);
    let run = |args: &[&str]| ground.run(&[&["models"], args, &["--json"]].concat());
    check("models-tag", "models_tag", &run(&["tag", "tiny", "fast", "--category", "work"]));
    check("models-favourite", "models_favourite", &run(&["favourite", "tiny"]));
    check("models-note", "models_note", &run(&["note", "tiny", "good"]));
    check("models-alias", "models_alias", &run(&["alias", "t", "tiny"]));
    check("models-stats", "models_stats", &run(&["stats", "tiny"]));
    check("models-export", "models_export", &run(&["export", "library.json"]));
    check("models-import", "models_import", &run(&["import", "library.json"]));
    let search = run(&["search", "qwen2.5-coder:0.5b"]);
    check("models-search", "models_search", &search);
    let compare = run(&["compare", "tiny", "--no-measure"]);
    check("models-compare", "models_compare", &compare);
    let recommend = run(&["recommend", "completion", "--memory", "2GB", "--limit", "1"]);
    check("models-recommend", "models_recommend", &recommend);
}

#[test]
fn bench() {
    let ground = Ground::new();
    let model = fixture("qwen2-gguf-q4_0/model.gguf");
    let counts = ["--prompt-tokens", "9", "--generate-tokens", "3", "--repeat", "2"];
    let args = [&["bench", "--json", "--model", model.to_str().unwrap()], &counts[..]].concat();
    let ran = ground.run(&args);
    let document = ran.document();
    for name in ["prefill_tokens_per_second", "decode_tokens_per_second", "load_ms"] {
        assert!(document[name].as_f64().unwrap() > 0.0, "{name}: {document}");
    }
    check("bench", "bench", &ran);
}

#[test]
fn what_a_model_takes_keeps_its_schema() {
    let ground = Ground::new();
    let path = fixture("qwen2-gguf-q4_0/model.gguf");
    let args = ["models", "fit", path.to_str().unwrap(), "--context", "256", "--json"];
    let ran = ground.run(&args);
    let document = ran.document();
    promised("models-fit", &document);
    assert_eq!((ran.code, &document["context_tokens"]), (0, &Value::from(256)));
    let parts = ["weights_bytes", "cache_bytes", "activations_bytes", "program_bytes"];
    let sum: u64 = parts.iter().map(|part| document[part].as_u64().unwrap()).sum();
    assert_eq!(document["total_bytes"].as_u64().unwrap(), sum, "{document}");

    let ran = ground.run(&["models", "ps", "--json"]);
    let document = ran.document();
    promised("models-ps", &document);
    assert_eq!(document["uses"], Value::Array(Vec::new()));
}

#[test]
fn hardware_keeps_its_schema() {
    // What it says differs from machine to machine.
    let ran = Ground::new().run(&["hardware", "--json"]);
    let document = ran.document();
    promised("hardware", &document);
    assert!(document["processor"]["usable_threads"].as_u64().unwrap() > 0, "{document}");
    assert_eq!(document["disks"].as_array().unwrap().len(), 2, "{document}");
}

#[test]
fn doctor_keeps_its_schema() {
    // What it says differs from machine to machine.
    let ran = Ground::new().run(&["doctor", "--json"]);
    let document = ran.document();
    assert_eq!(document["healthy"], Value::Bool(true), "{document}");
    assert!(document["checks"].as_array().unwrap().len() >= 6);
}
