//! Plugins: listed, shown, enabled, added, removed.

use serde_json::json;

use crate::ground::Ground;

fn plugin(ground: &Ground, folder: &str, name: &str) {
    let manifest = json!({"name": name, "version": "1.2", "description": format!("The {name}")});
    ground.write(&format!("{folder}/.claude-plugin/plugin.json"), &manifest.to_string());
    ground.write(
        &format!("{folder}/skills/tidy/SKILL.md"),
        "---\nname: tidy\ndescription: Tidies.\n---\nTidy.\n",
    );
    let hooks = json!({"hooks": {"PreToolUse": [
        {"matcher": "Bash", "hooks": [{"type": "command", "command": "check \"$X\""}]},
    ], "PreCompact": []}});
    ground.write(&format!("{folder}/hooks/hooks.json"), &hooks.to_string());
    ground.write(
        &format!("{folder}/.mcp.json"),
        r#"{"files": {"command": "${CLAUDE_PLUGIN_ROOT}/serve"}}"#,
    );
}

#[test]
fn a_projects_plugin_is_looked_at_and_enabled() {
    let ground = Ground::new();
    assert_eq!(ground.run(&["plugins", "list"]).out, "no plugin is here\n");
    plugin(&ground, ".mlx-code/plugins/a", "theirs");
    let ran = ground.run(&["plugins", "list"]);
    assert!(ran.out.contains("theirs  project  disabled  1.2      The theirs"), "{}", ran.out);
    assert_eq!(ground.run(&["mcp", "list", "--json"]).document()["servers"], json!([]));

    let ran = ground.run(&["plugins", "show", "theirs"]);
    assert!(ran.out.starts_with("theirs 1.2  project, disabled\nThe theirs\n"), "{}", ran.out);
    assert!(ran.out.contains("  skill tidy  Tidies.\n"), "{}", ran.out);
    assert!(ran.out.contains("  hook PreToolUse Bash  runs `check \"$X\"`\n"), "{}", ran.out);
    assert!(ran.err.contains("hooks.json: the event `PreCompact` does not happen"), "{}", ran.err);

    let ran = ground.run(&["plugins", "enable", "theirs"]);
    assert!(ran.code == 0 && ran.out.starts_with("enabled theirs\n"), "{ran:?}");
    let servers = ground.run(&["mcp", "list", "--json"]).document()["servers"].clone();
    assert_eq!(
        (&servers[0]["name"], &servers[0]["origin"]),
        (&json!("theirs_files"), &json!("plugin theirs"))
    );
    assert!(servers[0]["target"].as_str().unwrap().ends_with(".mlx-code/plugins/a/serve"));

    ground.write(".mlx-code/plugins/a/new", "x");
    let ran = ground.run(&["plugins", "list"]);
    assert!(ran.out.contains("changed") && ran.err.contains("enable it again"), "{ran:?}");
    assert_eq!(ground.run(&["mcp", "list", "--json"]).document()["servers"], json!([]));
    assert_eq!(ground.run(&["plugins", "remove", "theirs"]).code, 8);
}

#[test]
fn a_users_plugin_comes_and_goes() {
    let ground = Ground::new();
    plugin(&ground, "downloaded", "mine");
    let ran = ground.run(&["plugins", "add", "downloaded"]);
    assert!(ran.code == 0 && ran.out.starts_with("added mine\n"), "{ran:?}");
    assert_eq!(ground.run(&["plugins", "add", "downloaded"]).code, 4);
    let shown = ground.run(&["plugins", "show", "mine", "--json"]).document();
    assert_eq!((&shown["scope"], &shown["standing"]), (&json!("user"), &json!("enabled")));
    assert_eq!(shown["skills"], json!([{"name": "tidy", "description": "Tidies."}]));
    assert_eq!(ground.run(&["plugins", "disable", "mine"]).out, "disabled mine\n");
    let list = ground.run(&["plugins", "list", "--json"]).document();
    assert_eq!(list["plugins"][0]["standing"], "disabled");
    let ran = ground.run(&["plugins", "enable", "mine", "--json"]);
    assert_eq!(ran.document()["standing"], "enabled");
    assert!(ground.run(&["plugins", "remove", "mine"]).out.starts_with("removed "));
    assert_eq!(ground.run(&["plugins", "show", "mine"]).code, 3);
    assert_eq!(ground.run(&["plugins", "add", "nothing"]).code, 3);
}
