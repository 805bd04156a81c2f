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

/// A catalogue that lies at an address, with one model of the hub.
const LIST: &str = r#"[[model]]
name = "team-coder"
family = "qwen2"
licence = "MIT"
context = 512
good_at = "tests"
edit_format = "whole_file"
tools = false
tags = ["code"]
[[model.size]]
tag = "1b"
parameters = 1_000_000
layers = 2
kv_heads = 2
head_dim = 16
files = [{ format = "Q4_0", size_gb = 0.01, source = "hf:org/tiny/tiny-q4_0.gguf" }]
"#;

#[test]
fn a_catalogue_comes_from_an_address() {
    let (ground, hub) = (Ground::new(), hub());
    hub.publish("org/lists", "main", vec![FakeFile::small("list.toml", LIST)]);
    let url = format!("{}/org/lists/resolve/main/list.toml", hub.endpoint());
    let config = ground.home().join("config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.json"), format!("{{\"catalogues\": [\"{url}\"]}}")).unwrap();

    // Nothing came of it yet, and nobody may ask.
    let ran = ground.run(&["models", "search", "team"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("was not fetched: the network must not be used; its models are missing")
    );
    // What needs no catalogue asks for none.
    let ran = run(&ground, &hub, &["models", "queue"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(hub.requests().is_empty());

    let ran = run(&ground, &hub, &["models", "search", "team"]);
    assert!(ran.out.contains("team-coder:1b"), "{ran:?}");
    let ran = run(&ground, &hub, &["models", "pull", "team-coder"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("installed team-coder: hf:org/tiny/tiny-q4_0.gguf, "), "{ran:?}");
    let asked = hub.requests().iter().filter(|one| one.target.contains("list.toml")).count();
    assert_eq!(asked, 1, "the copy is new enough");
    // The copy does without a network; nothing is said while it is new.
    let ran = ground.run(&["models", "search", "team", "--json"]);
    assert!(ran.out.contains("\"team-coder") && ran.err.is_empty(), "{ran:?}");
}

#[test]
fn the_hubs_own_cache_is_looked_at() {
    let (ground, hub) = (Ground::new(), hub());
    let cut = Fault::Status(503, None);
    hub.fail("tiny-q4_0.gguf", cut, 1);
    assert_eq!(run(&ground, &hub, &["models", "pull", "hf:org/tiny", "--no-install"]).code, 0);
    let disk = ground.run(&["models", "disk"]);
    assert!(disk.out.contains("org/tiny") && disk.out.contains("in a download cache"), "{disk:?}");
    let blobs = ground.home().parent().unwrap().join("hub/models--org--tiny/blobs");
    fs::write(blobs.join("f".repeat(64)), "nobody's").unwrap();
    let shown = ground.run(&["models", "gc"]);
    assert!(shown.out.contains("no revision refers to it"), "{shown:?}");
    let none = ground.run(&["models", "gc", "--cache", "elsewhere"]);
    assert!(none.out.contains("there is nothing to clear away"), "{none:?}");
    assert_eq!(ground.run(&["models", "gc", "--yes"]).code, 0);
    assert!(!blobs.join("f".repeat(64)).exists());
    assert_eq!(fs::read_dir(&blobs).unwrap().count(), 1);
}

#[test]
fn who_waits_for_a_pull_ends_as_it_does() {
    let (ground, hub) = (Ground::new(), hub());
    hub.publish("org/other", "main", vec![FakeFile::large("other.gguf", vec![7; 200_000])]);
    hub.set_pace(100_000);
    let ends: Vec<Ran> = std::thread::scope(|scope| {
        let pull = || run(&ground, &hub, &["models", "pull", "hf:org/other"]);
        let both = [0, 1].map(|_| {
            // The second one finds the first at work.
            std::thread::sleep(std::time::Duration::from_millis(300));
            scope.spawn(pull)
        });
        both.map(|one| one.join().unwrap()).into()
    });
    assert!(ends[0].code == 2 && ends[0].err.contains("is no model"), "{ends:?}");
    assert!(ends[1].code == 2 && ends[1].err.contains("pull 1 failed: "), "{ends:?}");
    assert_eq!(hub.sent("other.gguf"), 200_000);
}

#[test]
fn a_token_that_is_kept_is_used() {
    let (ground, hub) = (Ground::new(), hub());
    hub.want_token("hf_kept");
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/tiny"]);
    assert!(ran.code == 3 && ran.err.contains("needs HF_TOKEN"), "{ran:?}");
    let set = ["secret", "set", "huggingface", "--in", "file"];
    let ran = ground.play(&set, Play { input: "hf_kept\n", ..Play::default() });
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/tiny"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let ran = run(&ground, &hub, &["models", "verify", "tiny"]);
    assert!(ran.code == 0 && ran.out.contains("ok    where the files came from"), "{ran:?}");
    // It is in no document and in no error.
    hub.want_token("hf_other");
    let ran = run(&ground, &hub, &["models", "pull", "hf:org/other", "--json"]);
    assert!(ran.code != 0 && !ran.out.contains("hf_kept") && !ran.err.contains("hf_kept"));
}
