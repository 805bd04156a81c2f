//! Models from a hub.

use std::fs;

use serde_json::Value;

use crate::documents::check;
use crate::fake_hub::{FakeFile, FakeHub, Fault};
use crate::ground::{Ground, Play, Ran, fixture};

/// A hub with one model that runs.
fn hub() -> FakeHub {
    let hub = FakeHub::start();
    let bytes = fs::read(fixture("qwen2-gguf-q4_0/model.gguf")).unwrap();
    hub.publish("org/tiny", "main", vec![FakeFile::large("tiny-q4_0.gguf", bytes)]);
    hub
}

fn run(ground: &Ground, hub: &FakeHub, args: &[&str]) -> Ran {
    let endpoint = hub.endpoint();
    ground.play(args, Play { hub: Some(&endpoint), ..Play::default() })
}

#[test]
fn a_model_is_pulled_and_used() {
    let (ground, hub) = (Ground::new(), hub());
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/tiny", "--limit", "100MB/s"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("installed tiny: hf:org/tiny, "), "{}", ran.out);
    let ran = ground.run(&["models", "list"]);
    assert!(ran.out.starts_with("tiny  qwen2 Q4_0"), "{}", ran.out);
    let ran = ground.run(&["models", "verify", "tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(&ground, &hub, &["models", "queue"]);
    assert!(ran.out.contains("1  done       hf:org/tiny as tiny  "), "{}", ran.out);
}

#[test]
fn documents() {
    let (ground, hub) = (Ground::new(), hub());
    let run = |args: &[&str]| run(&ground, &hub, args);
    check("models-queue", "models_queue_empty", &run(&["models", "queue", "--json"]));
    let add = ["models", "queue", "add", "hf:org/tiny/tiny-q4_0.gguf", "--json"];
    check("models-pull", "models_queue_add", &run(&add));
    check("models-pull", "models_queue_pause", &run(&["models", "queue", "pause", "1", "--json"]));
    check("models-pull", "models_pull", &run(&["models", "pull", add[3], "--json"]));
    check("models-queue", "models_queue", &run(&["models", "queue", "list", "--json"]));
    let ran = run(&["models", "pull", "hf:org/other", "--json"]);
    check("error", "models_pull_not_found", &ran);
}

#[test]
fn the_queue_is_changed_by_its_numbers() {
    let (ground, hub) = (Ground::new(), hub());
    hub.publish("org/other", "main", vec![FakeFile::small("other.gguf", "no model")]);
    let queue = |args: &[&str]| run(&ground, &hub, &[&["models", "queue"], args].concat());
    for reference in ["hf:org/other", "hf:org/tiny"] {
        assert_eq!(queue(&["add", reference]).code, 0);
    }
    assert_eq!(queue(&["move", "2", "1"]).code, 0);
    assert_eq!(queue(&["limit", "1GB/s"]).code, 0);
    assert_eq!(queue(&["limit", "10MB/s", "1"]).code, 0);
    assert_eq!(queue(&["priority", "1", "low"]).code, 0);
    let list = queue(&[]).out;
    let expect = "  2  waiting    hf:org/tiny as tiny\n  1  waiting    hf:org/other as other  low \
                  priority  at most 9.5 MiB/s\nlimit: 953.7 MiB/s\n";
    assert_eq!(list, expect);
    // What fails is told, and keeps nothing else from coming.
    let ran = queue(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("installed tiny: hf:org/tiny"), "{}", ran.out);
    assert!(ran.err.contains("hf:org/other was not pulled: "), "{}", ran.err);
    assert!(queue(&[]).out.contains("  1  failed     hf:org/other as other"));
    assert_eq!(queue(&["cancel", "1"]).code, 0);
    assert_eq!(queue(&["clear"]).out, "forgot 2 pulls\n");
    assert_eq!(queue(&["pause", "1"]).code, 3);
}

#[test]
fn what_cannot_be_pulled_is_told_with_a_remedy() {
    let (ground, hub) = (Ground::new(), hub());
    let check = |args: &[&str], code: u8, expect: &str| {
        let ran = run(&ground, &hub, &[&["models", "pull"], args].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(expect), "{}", ran.err);
    };
    check(&["org/tiny"], 2, "help: pull `hf:org/tiny` if the hub's repository is meant");
    check(&["hf:org/tiny", "--revision", "v9"], 3, "org/tiny has no revision v9");
    check(&["hf:org/tiny/big.gguf"], 3, "help: name one of: hf:org/tiny/tiny-q4_0.gguf");
    check(&["hf:org/tiny", "--limit", "fast"], 2, "write it as 10MB/s");
    check(&["hf:org/../etc"], 2, "names no model");
    let ran = ground.run(&["models", "pull", "hf:org/tiny"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    assert!(ran.err.contains("the network must not be used"), "{}", ran.err);
}

#[test]
fn what_came_is_shown_after_a_failure_and_gone_on_from() {
    let (ground, hub) = (Ground::new(), hub());
    hub.fail("tiny-q4_0.gguf", Fault::Status(429, Some(9999)), u64::MAX);
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/tiny"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    let list = run(&ground, &hub, &["models", "queue", "list", "--json"]);
    let document: Value = serde_json::from_str(&list.out).unwrap();
    assert_eq!(document["pulls"][0]["error"]["code"], "models.rate_limited", "{document}");
    hub.heal();
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}
