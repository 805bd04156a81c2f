use std::fs;

use mlxcode_agent::plugin::{Approvals, PluginError, PluginLibrary, PluginScope, PluginStanding};

use super::{Ground, text};

fn library(ground: &Ground) -> PluginLibrary {
    let root = ground.path();
    PluginLibrary::new(root.join("user"), [root.join("project")], root.join("state/plugins.json"))
}

fn told(library: &PluginLibrary) -> Vec<(String, PluginScope, PluginStanding)> {
    let list = library.list().unwrap();
    list.into_iter().map(|status| (status.name, status.scope, status.standing)).collect()
}

#[test]
fn a_projects_plugin_waits_for_the_user() {
    let ground = Ground::new();
    let folder = ground.plugin("project/one", "one");
    let library = library(&ground);
    let is =
        |standing| assert_eq!(told(&library), [("one".into(), PluginScope::Project, standing)]);
    is(PluginStanding::Disabled);
    assert!(library.enabled().unwrap().is_empty());
    library.enable("one").unwrap();
    is(PluginStanding::Enabled);
    assert_eq!(library.enabled().unwrap().len(), 1);
    // Whatever changes in it, the user is to look again.
    ground.write("project/one/hooks/hooks.json", r#"{"SessionStart": [{"command": "x"}]}"#);
    is(PluginStanding::Changed);
    assert!(library.hooks().unwrap().is_empty());
    library.enable("one").unwrap();
    is(PluginStanding::Enabled);
    assert!(!library.hooks().unwrap().is_empty());
    fs::rename(folder.join("skills/do-it"), folder.join("skills/do-that")).unwrap();
    is(PluginStanding::Changed);
    library.enable("one").unwrap();
    library.disable("one").unwrap();
    is(PluginStanding::Disabled);
}

#[test]
fn a_project_takes_no_place_of_the_users() {
    let ground = Ground::new();
    ground.plugin("user/one", "same");
    ground.plugin("project/two", "same");
    let library = library(&ground);
    let expect = [
        ("same".to_owned(), PluginScope::User, PluginStanding::Enabled),
        ("same".to_owned(), PluginScope::Project, PluginStanding::Disabled),
    ];
    assert_eq!(told(&library), expect);
    assert_eq!(library.find("same").unwrap().scope, PluginScope::User);
}

#[test]
fn plugins_come_and_go() {
    let ground = Ground::new();
    let source = ground.plugin("downloaded", "new");
    ground.write("downloaded/.git/config", "not copied");
    let library = library(&ground);
    let plugin = library.add(&source).unwrap();
    assert_eq!(plugin.root, ground.path().join("user/new"));
    assert!(text(&plugin.skills[0].path).contains("Do it."));
    assert!(!plugin.root.join(".git").exists());
    assert!(matches!(library.add(&source).unwrap_err(), PluginError::AlreadyThere { .. }));

    library.disable("new").unwrap();
    assert_eq!(told(&library)[0].2, PluginStanding::Disabled);
    library.enable("new").unwrap();
    assert_eq!(told(&library)[0].2, PluginStanding::Enabled);
    library.remove("new").unwrap();
    assert!(told(&library).is_empty() && !plugin.root.exists() && source.exists());
    assert!(matches!(library.remove("new").unwrap_err(), PluginError::UnknownPlugin { .. }));

    ground.plugin("project/theirs", "theirs");
    let error = library.remove("theirs").unwrap_err();
    assert!(matches!(error, PluginError::ProjectPlugin { .. }));
    assert!(ground.path().join("project/theirs").exists());
}

#[test]
fn one_that_cannot_be_read_is_told() {
    let ground = Ground::new();
    ground.write("user/bad/.plugin/plugin.json", "{");
    ground.write("user/no-plugin/readme.md", "");
    let library = library(&ground);
    assert_eq!(told(&library), [("bad".into(), PluginScope::User, PluginStanding::Broken)]);
    assert!(library.enable("bad").unwrap_err().to_string().contains("plugin.json:1"));
}

#[test]
fn a_damaged_state_enables_nothing() {
    let ground = Ground::new();
    ground.plugin("user/one", "one");
    let library = library(&ground);
    library.disable("one").unwrap();
    let state = ground.path().join("state/plugins.json");
    for damage in ["", "{", "[]", r#"{"format": 2}"#, "{}"] {
        fs::write(&state, damage).unwrap();
        assert!(library.list().is_err(), "{damage}");
    }
}

#[test]
fn approvals_are_of_content() {
    let ground = Ground::new();
    let (state, file) = (ground.path().join("state.json"), ground.path().join(".mcp.json"));
    let mut approvals = Approvals::read(&state).unwrap();
    assert!(!approvals.is_file_approved(&file, b"one"));
    approvals.approve_file(&file, b"one");
    approvals.write(&state).unwrap();
    let mut approvals = Approvals::read(&state).unwrap();
    assert!(approvals.is_file_approved(&file, b"one"));
    assert!(!approvals.is_file_approved(&file, b"two"));
    assert!(approvals.revoke(&file) && !approvals.is_file_approved(&file, b"one"));
}
