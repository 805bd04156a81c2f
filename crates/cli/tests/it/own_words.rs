//! Words of one's own: prompts, commands, aliases; and help on all others.

use std::fs;

use crate::ground::{Ground, Play, Ran};

fn play(ground: &Ground, args: &[&str], replies: &[&str]) -> Ran {
    ground.play(args, Play { replies: Some(replies), ..Play::default() })
}

fn write_config(ground: &Ground, name: &str, text: &str) {
    let path = ground.home().join("config").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn an_alias_is_what_it_stands_for() {
    let ground = Ground::new();
    write_config(
        &ground,
        "config.json",
        r#"{"aliases": {"q": "ask 'who greets?'", "qj": "--json q", "ask": "edit", "a": "a b",
            "open": "ask 'x"}}"#,
    );
    let ran = play(&ground, &["q"], &["It is `greet`."]);
    assert_eq!((ran.code, ran.out.lines().next()), (0, Some("It is `greet`.")), "{ran:?}");
    let ran = play(&ground, &["qj"], &["It is `greet`."]);
    assert_eq!(ran.document()["answer"], "It is `greet`.");
    let ran = play(&ground, &["ask", "who?"], &["A verb is a verb."]);
    assert!(ran.out.contains("A verb is a verb."), "{ran:?}");
    let ran = ground.run(&["a"]);
    assert!(ran.err.contains("the aliases a, a stand for each other"), "{ran:?}");
    let ran = ground.run(&["open", "--json"]);
    assert_eq!(ran.document()["error"]["code"], "config.alias_quote");
    let ran = ground.run(&["help"]);
    assert!(ran.out.contains("  q     ask 'who greets?'\n"), "{ran:?}");
    assert!(ran.out.contains("  ask   edit (not used: a verb has this name)"), "{ran:?}");
    // A word that is neither is clap's to tell.
    let ran = ground.run(&["asc"]);
    assert!(ran.code == 2 && ran.err.contains("'ask'"), "{ran:?}");
}

#[test]
fn a_project_does_not_name_aliases() {
    let ground = Ground::new();
    ground.write(".mlx-code.json", r#"{"aliases": {"status": "fix 'rm -rf .' --yes"}}"#);
    let ran = ground.run(&["status"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("unrecognized subcommand"), "{ran:?}");
}

#[test]
fn a_question_with_a_name_is_asked() {
    let ground = Ground::new();
    ground.write(
        ".mlx-code.json",
        r#"{"commands": {"tidy": {"prompt": "Tidy {{ arguments }} up."}}}"#,
    );
    ground.write(".mlx-code/commands/tidy.md", "hidden by the configuration");
    ground.write(
        ".mlx-code/commands/fix/port.md",
        "---\ndescription: Mends the port\nargument-hint: FILE\n---\nMend $1, not $2.\n",
    );
    write_config(&ground, "commands/hello.md", "Say hello.\n");
    let list = ground.run(&["run", "--json"]).document();
    let names: Vec<&str> = list["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fix:port", "hello", "tidy"]);
    assert_eq!(list["hidden"][0]["origin"], "project");
    let ran = ground.run(&["run"]);
    assert!(
        ran.out.contains("Mends the port") && ran.err.contains("tidy of the project"),
        "{ran:?}"
    );

    let record = ground.path("../recording.jsonl");
    let recorded = ["--record", record.to_str().unwrap()];
    let asked = |args: &[&str]| {
        let _ = fs::remove_file(&record);
        let ran = play(&ground, &[&recorded[..], args].concat(), &["Done."]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "Done.\n"), "{ran:?}");
        fs::read_to_string(&record).unwrap()
    };
    assert!(asked(&["run", "tidy", "the", "port"]).contains("Tidy the port up."));
    assert!(asked(&["run", "fix:port", "a b", "--all"]).contains("Mend a b, not --all."));
    // Whatever stands in an argument.
    let asked_so = asked(&["run", "fix:port", "say \"it's", "\"b c\""]);
    assert!(asked_so.contains(r#"Mend say \"it's, not \"b c\"."#), "{asked_so}");
    let ran = play(&ground, &["run", "--output-format", "json", "hello"], &["Hello."]);
    assert_eq!(ran.document()["answer"], "Hello.");
    let ran = ground.run(&["run", "tidi"]);
    assert_eq!(ran.err, "error: there is no command `tidi`\nhelp: did you mean `tidy`?\n");
}

#[test]
fn prompts_are_replaced_by_files() {
    let ground = Ground::new();
    let replaced = |args: &[&str]| {
        let list = ground.run(&[args, &["--json"]].concat()).document();
        let prompts = list["prompts"].as_array().unwrap().clone();
        let files = prompts.into_iter().filter(|one| !one["file"].is_null());
        files.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(replaced(&["prompts", "list"]).is_empty());
    let built_in = ground.run(&["prompts", "show", "ask"]);
    assert!(built_in.out.starts_with("You are a careful programmer"), "{built_in:?}");

    // The folder that the configuration names goes before the usual one.
    write_config(&ground, "prompts/ask.md", "Answer in Latin.\n=== user ===\n{{ question }}\n");
    write_config(&ground, "other/ask.md", "Answer in Greek.\n=== user ===\n{{ question }}\n");
    write_config(&ground, "prompts/ascii.md", "?");
    let record = ground.path("../recording.jsonl");
    let told = || {
        let _ = fs::remove_file(&record);
        let args = ["--record", record.to_str().unwrap(), "ask", "who greets?"];
        let ran = play(&ground, &args, &["Ego."]);
        assert_eq!(ran.code, 0, "{ran:?}");
        fs::read_to_string(&record).unwrap()
    };
    assert!(told().contains("Answer in Latin."));
    write_config(&ground, "config.json", r#"{"prompts": "other"}"#);
    assert!(told().contains("Answer in Greek."));
    let listed = ground.run(&["prompts", "list"]);
    assert!(listed.err.contains("ascii.md has the name of no prompt"), "{listed:?}");

    // A project's count once they are trusted, and until they change.
    ground.write(".mlx-code/prompts/ask.md", "Answer in Elvish.\n=== user ===\n{{ question }}\n");
    assert!(told().contains("Answer in Greek."));
    let listed = ground.run(&["prompts", "list"]);
    assert!(listed.err.contains("not in use: 1 prompt of this project"), "{listed:?}");
    let ran = ground.run(&["prompts", "trust"]);
    assert!(ran.out.contains("ask.md counts from now on"), "{ran:?}");
    assert!(told().contains("Answer in Elvish."));
    ground.write(".mlx-code/prompts/edit.md", "{{ instruction }}");
    assert!(told().contains("Answer in Greek."), "what was agreed to is another thing now");
    assert_eq!(ground.run(&["prompts", "trust", "--json"]).document()["is_trusted"], true);
    assert_eq!(replaced(&["prompts", "list"]), ["ask", "edit"]);
    ground.run(&["prompts", "distrust"]);
    assert_eq!(replaced(&["prompts", "list"]), ["ask"]);
}

#[cfg(unix)]
#[test]
fn a_link_among_a_projects_prompts_is_refused() {
    let ground = Ground::new();
    ground.write("../key", "secret");
    ground.write(".mlx-code/prompts/edit.md", "x");
    std::os::unix::fs::symlink(ground.path("../key"), ground.path(".mlx-code/prompts/ask.md"))
        .unwrap();
    for args in [["prompts", "trust"], ["prompts", "list"]] {
        let ran = ground.run(&args);
        assert!(
            ran.code != 0 && ran.err.contains("ask.md") && ran.err.contains("a link"),
            "{ran:?}"
        );
    }
    // Nothing else suffers from it.
    assert_eq!(play(&ground, &["ask", "who greets?"], &["I."]).code, 0);
}

#[test]
fn a_wrong_template_is_told_with_its_place() {
    let ground = Ground::new();
    write_config(&ground, "prompts/ask.md", "One.\n=== user ===\n{{ qestion }}\n");
    let ran = play(&ground, &["ask", "who?"], &["x"]);
    let file = ground.home().join("config/prompts/ask.md");
    let expect = format!("the prompt `ask` cannot be rendered: {}:3: ", file.display());
    assert!(ran.code != 0 && ran.err.contains(&expect), "{ran:?}");
    assert!(ran.err.contains("help: mend the file, or remove it"), "{ran:?}");
    write_config(&ground, "prompts/session.md", "{% if tools %}");
    let ran = play(&ground, &["--print", "who?"], &["x"]);
    assert!(ran.code != 0 && ran.err.contains("session.md:1: "), "{ran:?}");
    let listed = ground.run(&["prompts", "list"]);
    assert!(listed.err.contains("session.md:1: "), "{listed:?}");
}

#[test]
fn help_shows_verbs_and_topics() {
    let ground = Ground::new();
    let ran = ground.run(&["help", "keys"]);
    assert!(ran.code == 0 && ran.out.contains("Ctrl-R") && !ran.out.contains('\x1b'), "{ran:?}");
    let ran = ground.run(&["help", "models", "pull"]);
    assert!(ran.out.contains("Usage: mlx-code models pull"), "{ran:?}");
    let ran = ground.run(&["help", "commit"]);
    assert!(ran.out.contains("Usage: mlx-code commit"), "{ran:?}");
    let ran = ground.run(&["help", "mcp"]);
    assert!(ran.out.trim_end().ends_with("`mlx-code mcp --help` shows the arguments."), "{ran:?}");
    let list = ground.run(&["help", "--json"]).document();
    assert!(list["topics"]["editing"].is_string() && list["verbs"]["ask"].is_string());
    assert!(list["verbs"].get("__complete").is_none());
    for topic in list["topics"].as_object().unwrap().keys() {
        let document = ground.run(&["help", topic, "--json"]).document();
        assert!(document["text"].as_str().unwrap().starts_with("# "), "{topic}");
    }
    let ran = ground.run(&["help", "edditing"]);
    assert_eq!(ran.err, "error: there is no help on `edditing`\nhelp: did you mean `editing`?\n");
    let ran = ground.run(&["help", "__probe"]);
    assert!(ran.code != 0, "{ran:?}");
}
