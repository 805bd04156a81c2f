//! The configuration on the command line.

use std::fs;

use serde_json::json;

use crate::documents::printed;
use crate::ground::{Ground, Play};

#[test]
fn values_are_set_read_and_explained() {
    let ground = Ground::new();
    let user = ground.home().join("config/config.json");
    let out = |args: &[&str]| {
        let ran = ground.run(args);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(out(&["config", "path"]), format!("{}\n", user.display()));
    let set = out(&["config", "set", "model", "mine"]);
    assert_eq!(set, format!("model is set in {}\n", user.display()));
    out(&["config", "set", "model", "ours", "--project"]);
    assert_eq!(ground.read(".mlx-code.json"), "{\n  \"model\": \"ours\"\n}\n");
    assert_eq!(out(&["config", "get", "model"]), "ours\n");
    assert_eq!(out(&["config", "get", "max_tokens"]), "1024\n");
    let explained = out(&["config", "explain", "model"]);
    let expect = format!(
        "model\nThe installed model to use where none is named.\ntakes a text\n\
         model = \"ours\"  set by project  {}:2\n\
         model = \"mine\"  user file, does not count  {}:2\n",
        ground.path(".mlx-code.json").display(),
        user.display()
    );
    assert_eq!(explained, expect);
    assert_eq!(
        out(&["config", "explain", "max_tokens"]).lines().last(),
        Some("max_tokens = 1024  by default")
    );
    assert!(out(&["config", "unset", "model", "--project"]).starts_with("model is no longer set"));
    assert!(out(&["config", "unset", "model", "--project"]).starts_with("model was not set"));
    assert_eq!(out(&["config", "get", "model"]), "mine\n");
    let list = out(&["config", "list"]);
    assert!(list.contains("edit.allow") && list.contains("session.keep_days"), "{list}");

    let get = printed(&ground, "config-get", &["config", "get", "model"]);
    assert_eq!((&get["value"], &get["settings"][0]["source"]), (&json!("mine"), &json!("user")));
    let path = printed(&ground, "config-path", &["config", "path", "--project"]);
    assert_eq!(path["exists"], json!(true));
    let list = printed(&ground, "config-list", &["config", "list"]);
    assert!(list["keys"].as_array().unwrap().len() > 15);
    let one = printed(&ground, "config-explain-key", &["config", "explain", "model"]);
    assert_eq!(one["value"], json!("mine"));
    let set = printed(&ground, "config-explain", &["config", "explain"]);
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_set_is_told() {
    let ground = Ground::new();
    for (args, code, message) in [
        (&["config", "get", "modle"][..], 3, "did you mean `model` or `models`?"),
        (&["config", "get", "model"], 3, "`model` is not set"),
        (&["config", "set", "max_tokens", "many"], 2, "takes a whole number, not `many`"),
        (&["config", "set", "max_tokens", "-5"], 2, "takes a whole number, not `-5`"),
        (&["config", "set", "servers.ty", "./ty", "--project"], 2, "move `servers`"),
    ] {
        let ran = ground.run(args);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(message), "{args:?}: {ran:?}");
    }
    assert!(!ground.path(".mlx-code.json").exists());
    ground.write(".mlx-code.json", "{\n  // ours\n  \"exclud\": []\n}\n");
    let ran = ground.run(&["config", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("line 3, column 3: there is no key `exclud`"), "{ran:?}");
    assert!(ran.err.contains("did you mean `exclude`?"), "{ran:?}");
    // The way out works in a project whose file is broken.
    assert_eq!(ground.run(&["config", "path", "--project"]).code, 0);
}

#[test]
fn excluded_files_are_not_read() {
    let ground = Ground::new();
    let found = || ground.run(&["search", "open_port"]).out;
    assert!(found().contains("port.py"), "{}", found());
    ground.run(&["config", "set", "exclude", "[\"port.*\"]", "--project"]);
    assert!(!found().contains("port.py"), "{}", found());
    ground.run(&["config", "set", "exclude", "[\"{p\"]", "--project"]);
    let ran = ground.run(&["search", "open_port"]);
    assert!(ran.code == 2 && ran.err.contains("no glob"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_file_is_edited_and_checked_afterwards() {
    let ground = Ground::new();
    let edit = |editor: Option<&str>| {
        ground.play(&["config", "edit", "--project"], Play { editor, ..Play::default() })
    };
    let none = edit(None);
    assert!(none.code == 2 && none.err.contains("set VISUAL or EDITOR"), "{none:?}");
    let same = edit(Some("true"));
    assert!(same.code == 0 && same.out.starts_with("as it was"), "{same:?}");
    let changed = edit(Some("sed -i 's/{/{ \"model\": \"x\"/'"));
    assert!(changed.code == 0 && changed.out.starts_with("changed"), "{changed:?}");
    assert_eq!(ground.read(".mlx-code.json"), "{ \"model\": \"x\"\n}\n");

    let broken = edit(Some("sed -i 's/model/modle/'"));
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(broken.err.contains("did you mean `model`"), "{broken:?}");
    assert_eq!(ground.read(".mlx-code.json"), "{ \"model\": \"x\"\n}\n");
    let kept = broken.err.lines().next().unwrap().rsplit(' ').next().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "{ \"modle\": \"x\"\n}\n");
    fs::remove_file(kept).unwrap();
    let failed = edit(Some("false"));
    assert!(failed.code == 10 && failed.err.contains("`false` failed"), "{failed:?}");
    let kept = failed.err.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), ground.read(".mlx-code.json"));
    let missing = edit(Some("/nowhere/editor -w"));
    assert_eq!(missing.code, 10, "{missing:?}");
    // No shell reads it.
    edit(Some("true; touch shell"));
    assert!(!ground.path("shell").exists());
    let left = fs::read_dir(ground.root()).unwrap().count();
    assert_eq!(
        left, 4,
        "two files of code, the configuration and the draft of the editor that failed"
    );
}
