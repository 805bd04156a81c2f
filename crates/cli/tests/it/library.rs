//! What is said of models, what was counted, and the catalogue.

use crate::ground::{Ground, Play, fixture};

fn with_tiny() -> Ground {
    let ground = Ground::new();
    let gguf = fixture("qwen2-gguf-q8_0/model.gguf");
    let ran = ground.run(&["models", "add", gguf.to_str().unwrap(), "--name", "tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ground
}

#[test]
fn a_model_is_tagged_noted_and_named() {
    let ground = with_tiny();
    let ran = ground.run(&["models", "tag", "tiny", "Fast", "python", "--category", "work"]);
    assert_eq!(ran.out, "tiny\n  category     work\n  tags         fast, python\n");
    assert_eq!(ground.run(&["models", "favourite", "tiny"]).code, 0);
    assert_eq!(ground.run(&["models", "note", "tiny", "two\nlines"]).code, 0);
    assert_eq!(ground.run(&["models", "alias", "t", "tiny"]).out, "t = tiny\n");

    let list = ground.run(&["models", "list"]).out;
    assert!(list.ends_with("  *  #work #fast #python\n"), "{list}");
    let show = ground.run(&["models", "show", "t"]).out;
    assert!(show.contains("  note         two\n               lines\n"), "{show}");
    assert!(show.contains("  aliases      t\n"), "{show}");
    let record = ground.run(&["models", "note", "t", "--json"]).succeeded().document();
    assert_eq!(record["name"], "tiny");
    assert_eq!(record["tags"], serde_json::json!(["fast", "python"]));

    let ran = ground.run(&["models", "tag", "t", "--remove", "fast", "--no-category"]);
    assert!(ran.out.contains("tags         python\n") && !ran.out.contains("work"), "{ran:?}");
    for (args, code) in [
        (&["models", "tag", "nobody", "x"][..], 20),
        (&["models", "tag", "tiny", "a,b"], 2),
        (&["models", "alias", "tiny", "tiny"], 4),
        (&["models", "alias", "a/b", "tiny"], 2),
        (&["models", "alias", "x", "nobody"], 20),
        (&["models", "alias", "x", "--remove"], 3),
        (&["models", "alias", "--remove"], 2),
    ] {
        let ran = ground.run(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
    }
    assert_eq!(ground.run(&["models", "alias", "t", "--remove"]).code, 0);
    assert_eq!(ground.run(&["models", "show", "t"]).code, 20);
}

#[test]
fn what_a_model_answers_is_counted() {
    let ground = with_tiny();
    assert!(ground.run(&["models", "stats"]).err.contains("no model was used yet"));
    ground.run(&["models", "alias", "t", "tiny"]);
    for _ in 0..2 {
        let args = ["generate", "--model", "t", "--prompt", "def", "--max-tokens", "4"];
        assert_eq!(ground.run(&args).code, 0);
    }
    let counts = ["--prompt-tokens", "9", "--generate-tokens", "3", "--repeat", "1"];
    let bench = |more: &[&str]| ground.run(&[&["bench"], &counts[..], more].concat());
    assert_eq!(bench(&["--no-record"]).code, 0);
    let stats = ground.run(&["models", "stats", "--json"]).succeeded().document();
    let model = &stats["models"][0];
    assert_eq!((&model["name"], &model["loads"]), (&"tiny".into(), &2.into()));
    assert_eq!((&model["answers"], &model["completion_tokens"]), (&2.into(), &8.into()));
    assert_eq!(model["benchmarks"], serde_json::json!([]));

    assert_eq!(bench(&[]).code, 0);
    let path = fixture("qwen2-gguf-q8_0/model.gguf");
    assert_eq!(bench(&["--model", path.to_str().unwrap()]).code, 0);
    let ran = ground.run(&["models", "stats", "t"]);
    assert_eq!(ran.out.matches("measured ").count(), 1, "{}", ran.out);
    assert!(ran.out.contains("tiny") && ran.out.contains(" 8 "), "{}", ran.out);
}

#[test]
fn a_removed_model_is_remembered_until_it_is_forgotten() {
    let ground = with_tiny();
    ground.run(&["models", "tag", "tiny", "mine"]);
    assert_eq!(ground.run(&["models", "rm", "tiny"]).code, 0);
    let gguf = fixture("qwen2-gguf-q8_0/model.gguf");
    let add = ["models", "add", gguf.to_str().unwrap(), "--name", "tiny"];
    ground.run(&add);
    assert!(ground.run(&["models", "tag", "tiny"]).out.contains("mine"));
    assert_eq!(ground.run(&["models", "rm", "tiny", "--forget"]).code, 0);
    ground.run(&add);
    assert!(ground.run(&["models", "tag", "tiny"]).out.contains("nothing is said of it"));
    ground.run(&["models", "tag", "tiny", "again"]);
    ground.run(&["models", "rm", "tiny"]);
    assert_eq!(ground.run(&["models", "rm", "tiny", "--forget"]).code, 0);
    assert_eq!(ground.run(&["models", "rm", "tiny", "--forget"]).code, 20);
}

#[test]
fn a_library_goes_to_another_machine() {
    let (here, there) = (with_tiny(), Ground::new());
    here.run(&["models", "tag", "tiny", "fast"]);
    here.run(&["generate", "--model", "tiny", "--prompt", "def", "--max-tokens", "3"]);
    assert_eq!(here.run(&["models", "export", "library.json"]).out, "exported to library.json\n");
    let again = here.run(&["models", "export", "library.json"]);
    assert_eq!(again.code, 4, "{again:?}");
    assert_eq!(here.run(&["models", "export", "library.json", "--force"]).code, 0);
    let printed = here.run(&["models", "export"]);
    assert_eq!(printed.out, here.read("library.json"));

    there.write("library.json", &printed.out);
    let ran = there.run(&["models", "import", "library.json"]);
    let (first, second) = ran.out.split_once('\n').unwrap();
    assert_eq!(first, "took in 2 fields, 1 count, 0 measurements");
    assert!(second.starts_with("another machine has, and this one lacks: tiny (qwen2 Q8_0, "));
    let ran = there.run(&["models", "import", "library.json", "--json"]);
    assert_eq!(ran.succeeded().document()["fields"], 0);
    let stats = there.run(&["models", "stats", "--json"]).succeeded().document();
    assert_eq!(stats["models"][0]["completion_tokens"], 3);
    there.write("other.json", "{\"models\": []}");
    assert_eq!(there.run(&["models", "import", "other.json"]).code, 2);
}

#[test]
fn the_catalogue_is_searched() {
    let ground = Ground::new();
    let found = ground.run(&["models", "search", "coder", "7b", "--json"]).succeeded().document();
    let names: Vec<&str> =
        found["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["qwen2.5-coder:7b"]);
    let ran = ground.run(&["models", "search", "--max-size", "1GB", "--tag", "completion"]);
    assert!(ran.out.starts_with("name") && ran.out.contains("qwen2.5-coder:0.5b"), "{}", ran.out);
    assert!(!ran.out.contains("codestral"), "{}", ran.out);
    let ran = ground.run(&["models", "search", "--licence", "mnpl"]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert!(ground.run(&["models", "search", "xyzxyz"]).err.contains("no model"));
    let widest = |columns| {
        let ran = ground.play(&["models", "search"], Play { columns, ..Play::default() });
        assert_eq!(ran.out.contains('…'), columns.is_some(), "{}", ran.out);
        assert_eq!(ran.out.contains("good at"), columns != Some(80), "{}", ran.out);
        ran.out.lines().map(|line| line.chars().count()).max().unwrap()
    };
    // On a terminal a row is one line; in a pipe its texts are whole.
    assert!((widest(Some(80)), widest(Some(100))) <= (80, 100) && widest(None) > 100);

    let own = "[[model]]\nname = \"ours\"\nfamily = \"qwen2\"\nlicence = \"MIT\"\ncontext = 64\n\
        good_at = \"us\"\n[[model.size]]\ntag = \"1b\"\nparameters = 1\nlayers = 1\nkv_heads = 1\n\
        head_dim = 1\nfiles = [{ format = \"Q8_0\", size_gb = 1, source = \"/ours.gguf\" }]\n";
    let config = ground.home().join("config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("own.toml"), own).unwrap();
    std::fs::write(config.join("config.json"), "{\"catalogues\": [\"own.toml\"]}").unwrap();
    assert!(ground.run(&["models", "search", "ours"]).out.contains("ours:1b"));
    std::fs::write(config.join("own.toml"), own.replace("context", "contxt")).unwrap();
    let ran = ground.run(&["models", "search"]);
    let wrong = "model[0].size[0].context: it is missing";
    assert!(ran.code == 2 && ran.err.contains("own.toml:") && ran.err.contains(wrong), "{ran:?}");
    std::fs::write(config.join("config.json"), "{\"catalogues\": [\"https://x.example/c\"]}")
        .unwrap();
    // Without a network, what is elsewhere is only missed.
    let ran = ground.run(&["models", "search"]);
    assert!(
        ran.code == 0 && ran.err.starts_with("note: the catalogue https://x.example/c was not")
    );
}

#[test]
fn a_model_is_recommended_with_a_reason() {
    let ground = with_tiny();
    ground.run(&["models", "favourite", "tiny"]);
    let args = ["models", "recommend", "edit", "--memory", "9GB", "--json"];
    let found = ground.run(&args).succeeded().document();
    let models = found["models"].as_array().unwrap();
    let first = &models[0];
    assert!(first["reasons"][0].as_str().unwrap().starts_with("made for it"), "{first}");
    for model in models {
        let fits = model["memory_bytes"].as_u64().is_none_or(|bytes| bytes <= 9_000_000_000);
        assert!(fits, "{model}");
        assert_ne!(model["name"], "devstral-small:2507");
    }
    let text = ground.run(&["models", "recommend", "--memory", "1GB"]).out;
    assert!(text.starts_with("tiny  installed"), "{text}");
    assert!(text.contains("  a favourite of yours\n"), "{text}");
}

#[test]
fn models_are_compared() {
    let ground = with_tiny();
    let other = fixture("qwen2-gguf-q4_0/model.gguf");
    ground.write("text.txt", &"let x = f(y) + 1;\n".repeat(40));
    let counts = ["--prompt-tokens", "8", "--generate-tokens", "2", "--repeat", "1"];
    let args = ["models", "compare", "tiny", other.to_str().unwrap(), "--text", "text.txt"];
    let args = [&args[..], &counts, &["--edit-format", "whole_file"]].concat();
    let ran = ground.run(&args);
    assert_eq!(ran.code, 0, "{ran:?}");
    for row in
        ["weights", "size", "context", "memory", "prefill", "decode", "perplexity", "edits, "]
    {
        assert!(ran.out.lines().any(|line| line.starts_with(row)), "{row}: {}", ran.out);
    }
    assert!(ran.out.contains("0 of 6"), "{}", ran.out);
    // What was measured is on record for the next time.
    let again =
        ground.run(&["models", "compare", "tiny", "--no-measure", "--json"]).succeeded().document();
    let model = &again["models"][0];
    assert!(model["decode_tokens_per_second"].as_f64().unwrap() > 0.0, "{model}");
    assert!(model["measured_at_ms"].as_u64().is_some() && model["perplexity"].is_null());
    assert_eq!(ground.run(&["models", "compare"]).code, 2);
    assert_eq!(ground.run(&["models", "compare", "nobody"]).code, 20);
}
