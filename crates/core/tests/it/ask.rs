use std::fs;

use mlxcode_core::{
    CancelToken, Dirs, ErrorKind, FinishReason, Model, RelPath, ScriptedModel, TurnOptions,
    Workspace,
};

use crate::ground::Ground;

#[test]
fn the_answering_file_is_among_the_sources() {
    let ground = Ground::new(&["base", "git", "edit", "models"]);
    for (question, file) in [
        ("how is a half-written change taken back after a crash?", "edit/src/journal/mod.rs"),
        ("where is a GGUF header parsed?", "models/src/gguf/reader.rs"),
        ("what does RelPath refuse?", "base/src/path.rs"),
        ("which options are git started with?", "git/src/program.rs"),
        ("how are two edits of one file merged on undo?", "edit/src/merge.rs"),
    ] {
        let model = Model::new(ScriptedModel::new(["Like this."]));
        let mut turn = ground.workspace.ask(&model, question, TurnOptions::default()).unwrap();
        assert_eq!(turn.read_to_end().unwrap(), "Like this.");
        let sources: Vec<_> = turn.context().passages().collect();
        assert!(sources.iter().any(|one| one.path.as_str() == file), "{question}: {sources:#?}");
        for source in sources {
            let text = ground.read(source.path.as_str());
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            assert_eq!(source.text, lines[source.lines.first - 1..source.lines.last].concat());
        }
    }
}

#[test]
fn without_a_model_the_passages_answer() {
    let ground = Ground::new(&["edit"]);
    let mut options = TurnOptions::default();
    let found = ground.workspace.extract("where are whole files parsed?", &options).unwrap();
    assert!(found.passages().any(|one| one.path.as_str().contains("whole_file")));

    options.files = vec![RelPath::new("edit/src/journal/mod.rs").unwrap()];
    let found = ground.workspace.extract("what is here?", &options).unwrap();
    assert_eq!(found.passages().next().unwrap().text, ground.read("edit/src/journal/mod.rs"));
}

#[test]
fn the_configuration_limits_context_and_answer() {
    let ground = Ground::new(&["edit"]);
    ground.write(".mlx-code.json", r#"{"context_tokens": 200, "max_tokens": 3}"#);
    let root = ground.path("");
    let workspace = Workspace::open(&root, &Dirs::under(&root.join("../home"))).unwrap();
    let question = "where is the journal locked?";
    let model = Model::new(ScriptedModel::new(["one two three", "one two three"]));
    let mut turn = workspace.ask(&model, question, TurnOptions::default()).unwrap();
    turn.read_to_end().unwrap();
    assert_eq!(turn.finished().unwrap().reason, FinishReason::Length);
    assert_eq!(turn.reply(), "one two");
    assert!(turn.context().tokens <= 200);

    let mut options = TurnOptions { context_tokens: Some(400), ..TurnOptions::default() };
    options.generate.max_tokens = Some(9);
    let mut turn = workspace.ask(&model, question, options).unwrap();
    turn.read_to_end().unwrap();
    assert_eq!(turn.reply(), "one two three");
    assert!((201..=400).contains(&turn.context().tokens), "{}", turn.context().tokens);
}

#[test]
fn bare_trees_give_an_answer_or_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let dirs = Dirs::under(&folder.path().join("home"));
    let root = folder.path().join("empty");
    fs::create_dir(&root).unwrap();
    let workspace = Workspace::open(&root, &dirs).unwrap();
    let error = workspace.extract("what is here?", &TurnOptions::default()).unwrap_err();
    assert_eq!(error.code(), "input.empty_tree");
    let model = Model::new(ScriptedModel::new(["Made."]));
    let error = workspace.ask(&model, "what is here?", TurnOptions::default()).unwrap_err();
    assert_eq!(error.code(), "input.empty_tree");
    assert!(error.help().is_some());
    // A change may begin with nothing.
    let mut turn = workspace.edit(&model, "make a file", TurnOptions::default()).unwrap();
    assert_eq!(turn.read_to_end().unwrap(), "Made.");

    let error = Workspace::open(&folder.path().join("none"), &dirs).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.help().is_some());
    let error = workspace.ask(&model, " ", TurnOptions::default()).unwrap_err();
    assert_eq!(error.code(), "agent.empty_input");
    let cancelled = TurnOptions { cancel: CancelToken::new(), ..TurnOptions::default() };
    cancelled.cancel.cancel();
    let error = workspace.ask(&model, "what is here?", cancelled).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
