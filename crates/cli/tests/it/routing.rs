//! Which model answers: rules, fallback, several answers, kept answers.

use serde_json::{Value, json};

use crate::ground::{Ground, Play};
use crate::remote::{Seen, configure, server_refusing, server_saying};

fn provider(url: &str) -> Value {
    json!({"kind": "openai", "url": url, "models": {"coder": {"context_length": 8192}}})
}

fn questions(seen: &Seen) -> usize {
    seen.lock().unwrap().iter().filter(|asked| asked.starts_with("POST")).count()
}

#[test]
fn the_next_model_is_asked_where_the_first_refuses() {
    let (closed, listed) = server_saying(401, "");
    let (refusing, refused) = server_refusing();
    let (open, _) = server_saying(200, "It is in greet.py.");
    let ground = Ground::new();
    let config = |model: &str| {
        configure(
            &ground,
            &json!({
                "model": model,
                "models": {"fallback": ["open/coder"]},
                "providers": {
                    "closed": provider(&closed), "refusing": provider(&refusing),
                    "open": provider(&open),
                },
            }),
        );
        ground.run(&["ask", "where is the greeting?", "--json"]).succeeded().document()
    };
    // One that cannot even be opened.
    let document = config("closed/coder");
    assert_eq!(document["answer"], "It is in greet.py.");
    assert_eq!(document["route"]["model"], "open/coder");
    assert_eq!(document["route"]["reason"], "closed/coder could not be opened");
    assert_eq!(document["route"]["passed_over"][0]["model"], "closed/coder");
    assert_eq!(questions(&listed), 0);
    // One that refuses the question itself.
    let document = config("refusing/coder");
    assert_eq!(document["answer"], "It is in greet.py.");
    assert_eq!(document["route"]["model"], "refusing/coder");
    assert_eq!(document["route"]["reason"], "`model`");
    let notes = document["route"]["notes"].to_string();
    assert!(notes.contains("open/coder is asked, since refusing/coder"), "{notes}");
    assert_eq!(questions(&refused), 1);
    let ran = ground.run(&["ask", "where?"]);
    assert!(ran.err.contains("open/coder is asked, since refusing/coder"), "{ran:?}");

    // In a stream of events, what is told stands before what came of it.
    let ran = ground.run(&["--print", "where?", "--output-format", "stream-json"]);
    let notices: Vec<String> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .take_while(|event| event["type"] != "text")
        .filter(|event| event["type"] == "notice")
        .map(|event| event["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(notices[0], "refusing/coder answers: `model`", "{ran:?}");
    assert!(notices[1].starts_with("open/coder is asked, since refusing/coder"), "{ran:?}");

    // Who names a model gets that one, unless he names another, too.
    let named = ["ask", "where?", "--model", "closed/coder"];
    assert_ne!(ground.run(&named).code, 0);
    let ran = ground.run(&[&named[..], &["--fallback", "open/coder"]].concat());
    assert!(ran.out.contains("It is in greet.py."), "{ran:?}");

    // Of several that cannot, each says why.
    let ran = ground.run(&[&named[..], &["--fallback", "none-is-called-so"]].concat());
    assert!(ran.err.contains("no model answered: closed/coder: "), "{ran:?}");
    assert!(ran.err.contains("; none-is-called-so: "), "{ran:?}");
}

#[test]
fn what_is_local_never_leaves_by_itself() {
    let (url, seen) = server_saying(200, "hello");
    let ground = Ground::new();
    let providers = json!({"far": {"kind": "openai", "url": "https://name.invalid/v1"},
                           "near": provider(&url)});
    configure(&ground, &json!({"model": "not-installed", "providers": providers}));
    let ran = ground.run(&["ask", "where?"]);
    assert!(ran.code != 0 && ran.err.contains("not-installed"), "{ran:?}");
    assert!(seen.lock().unwrap().is_empty());

    // Offline, the far one is passed over without a look at its name.
    configure(
        &ground,
        &json!({"offline": true, "model": "not-installed", "providers": providers,
                "models": {"fallback": ["far/m", "near/coder"]}}),
    );
    let document = ground.run(&["ask", "where?", "--json"]).succeeded().document();
    assert_eq!(document["route"]["model"], "near/coder");
    let passed = document["route"]["passed_over"].as_array().unwrap();
    let told: Vec<&str> = passed.iter().map(|one| one["model"].as_str().unwrap()).collect();
    assert_eq!(told, ["not-installed", "far/m"]);
    assert!(passed[1]["reason"].as_str().unwrap().contains("the network is switched off"));
    configure(&ground, &json!({"offline": true, "model": "far/m", "providers": providers}));
    let ran = ground.run(&["ask", "where?", "--json"]);
    assert!(ran.out.contains("providers.offline"), "{ran:?}");
}

#[test]
fn a_long_prompt_goes_to_another_model() {
    let (usual, _) = server_saying(200, "the usual one");
    let (long, seen) = server_saying(200, "the one for long prompts");
    let ground = Ground::new();
    configure(
        &ground,
        &json!({
            "model": "usual/coder",
            "models": {"rules": [{"model": "long/coder", "fewest_tokens": 2000}]},
            "providers": {"usual": provider(&usual), "long": provider(&long)},
        }),
    );
    let generate = |words: usize| {
        let prompt = "word ".repeat(words);
        ground.run(&["generate", "--prompt", &prompt, "--json"]).succeeded().document()
    };
    let short = generate(5);
    assert_eq!(short["text"], "the usual one");
    // Nobody spoke to the other one yet.
    assert!(seen.lock().unwrap().is_empty());
    let long = generate(3000);
    assert_eq!(long["text"], "the one for long prompts");
    assert!(long["route"]["notes"][0].as_str().unwrap().starts_with("long/coder answers: "));
}

#[test]
fn an_answer_that_is_kept_is_not_asked_for_again() {
    let (url, seen) = server_saying(200, "It is in greet.py.");
    let ground = Ground::new();
    let config = |more: Value| {
        let mut config = json!({"model": "near/coder", "providers": {"near": provider(&url)}});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        configure(&ground, &config);
    };
    let ask = |args: &[&str]| {
        let ran = ground.run(&[&["ask", "where?", "--json"], args].concat());
        (ran.succeeded().document()["route"]["notes"].clone(), questions(&seen))
    };
    config(json!({}));
    assert_eq!((ask(&[]).1, ask(&[]).1), (1, 2));
    config(json!({"cache": {"answers": true}}));
    assert_eq!(ask(&[]), (json!([]), 3));
    assert_eq!(ask(&[]), (json!(["the answer was kept from before"]), 3));
    assert_eq!(ask(&["--no-cache"]), (json!([]), 4));
    let file = ground.home().join("state/answers/answers.sqlite3");
    assert!(file.is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_best_of_several_edits_is_taken() {
    let ground = Ground::new();
    let block = |search: &str, replace: &str| {
        format!(
            "greet.py\n```python\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"
        )
    };
    let none = "I would say goodbye instead.";
    let elsewhere = block("    return \"nowhere\"", "    return \"bye\"");
    let unreadable = block("    return \"hello\"", "    return (\"bye\"");
    let good = block("    return \"hello\"", "    return \"bye\"");
    let replies = [none, &*elsewhere, &*unreadable, &*good];
    let play = Play { replies: Some(&replies), ..Play::default() };
    let ran = ground.play(&["edit", "say bye", "--yes", "--best-of", "4"], play);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ground.read("greet.py"), "def greet():\n    return \"bye\"\n");
    assert!(ran.err.contains("the best of 4 answers of 4; 1 say this"), "{ran:?}");
}

#[test]
fn a_route_is_told_before_anybody_is_asked() {
    let ground = Ground::new();
    configure(
        &ground,
        &json!({
            "model": "usual",
            "models": {
                "small": "tiny", "large": "work/coder",
                "rules": [{"model": "long", "tasks": ["edit"], "fewest_tokens": 30000}],
                "fallback": ["small"],
                "ensemble": {"answers": 3},
            },
            "providers": {"work": {"kind": "openai", "url": "https://name.invalid/v1"}},
        }),
    );
    ground.write(".mlx-code.json", r#"{"models": {"tasks": {"review": "small"}}}"#);
    let ran = ground.run(&["route"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "chat  work/coder, elsewhere: `models.large`",
        "ask  usual: `model`",
        "commit  tiny: `models.small`",
        // The project may choose among what the user named.
        "review  tiny: `models.tasks.review`",
    ] {
        assert!(ran.out.lines().any(|one| one == line), "{line}: {ran:?}");
    }
    let ran = ground.run(&["route", "edit"]);
    let expect = "edit  work/coder, elsewhere: `models.large`\n  \
                  from 30000 tokens: long, rule 1 of `models.rules`\n  \
                  any length: work/coder, `models.large`\n  then tiny\n  \
                  the best of 3 answers, by parses, applies, syntax, then the vote\n";
    assert_eq!(ran.out, expect);
    let document =
        ground.run(&["route", "edit", "--tokens", "40000", "--json"]).succeeded().document();
    assert_eq!(document["routes"][0]["model"], "long");
    assert_eq!(document["routes"][0]["is_remote"], false);
    let ran = ground.run(&["route", "reviews"]);
    assert!(ran.code != 0 && ran.err.contains("did you mean `review`?"), "{ran:?}");
}

#[test]
fn a_project_adds_no_server_and_no_answers() {
    let ground = Ground::new();
    for (key, text) in [
        ("models", r#"{"models": {"large": "work/coder"}}"#),
        ("models", r#"{"models": {"fallback": ["work/coder"]}}"#),
        ("models", r#"{"models": {"rules": [{"model": "http://127.0.0.1:1/v1#m"}]}}"#),
        ("models.ensemble", r#"{"models": {"ensemble": {"answers": 16}}}"#),
        ("cache", r#"{"cache": {"answers": true}}"#),
    ] {
        ground.write(".mlx-code.json", text);
        let ran = ground.run(&["route"]);
        let words = format!("`{key}` counts in the user's own");
        assert!(ran.code != 0 && ran.err.contains(&words), "{text}: {ran:?}");
    }
    ground.write(".mlx-code.json", r#"{"models": {"tasks": {"edti": "small"}}}"#);
    let ran = ground.run(&["route"]);
    assert!(ran.err.contains("there is no key `models.tasks.edti`"), "{ran:?}");
    assert!(ran.err.contains("did you mean `models.tasks.edit`"), "{ran:?}");
}
