use mlxcode_agent::plugin::{HookEvent, Plugin, PluginError};
use mlxcode_base::{Diagnostic as _, ErrorKind};
use serde_json::json;

use super::Ground;

#[test]
fn everything_in_a_plugin_is_read() {
    let ground = Ground::new();
    ground.write(".claude-plugin/plugin.json", r#"{
        "name": "whole", "version": "2.1", "description": "All of it", "author": {"name": "A B"},
        "commands": ["./more/extra.md"],
        "models": {"adapters": [{"name": "own", "command": ["${PLUGIN_ROOT}/serve"], "models": ["m"]}],
                   "catalogues": ["models.toml"]}
    }"#);
    ground.write("skills/review-code/SKILL.md", "---\nname: review-code\ndescription: >-\n  Reviews code:\n  what is wrong.\nallowed-tools: Read, Grep\n---\n\nRead it in ${CLAUDE_PLUGIN_ROOT}.\n");
    ground.write("commands/fix.md", "---\ndescription: Fix an issue\nargument-hint: [number] [--fast]\nallowed-tools: [Bash(git add:*), Edit]\n---\nFix $1.\n");
    ground.write("commands/git/push.md", "# Push\n\nPush what there is.\n");
    ground.write("more/extra.md", "Say $ARGUMENTS.");
    ground.write(
        "agents/critic.md",
        "---\nname: critic\ndescription: Use it when: always\ntools: Read\n---\nYou judge.\n",
    );
    ground.write("hooks/hooks.json", r#"{"description": "x", "hooks": {
        "PreToolUse": [{"matcher": "Bash|Edit", "hooks": [{"type": "command", "command": "true", "timeout": 5}]}],
        "SessionStart": [{"hooks": [{"type": "command", "command": "echo hello"}]}]
    }}"#);
    ground.write(".mcp.json", r#"{"mcpServers": {"s": {"command": "x"}}}"#);
    ground.write("models.toml", "");
    let plugin = Plugin::read(&ground.path()).unwrap();
    assert_eq!(plugin.problems, []);
    assert_eq!((plugin.name.as_str(), plugin.author.as_deref()), ("whole", Some("A B")));

    let skill = &plugin.skills[0];
    assert_eq!(skill.description, "Reviews code: what is wrong.");
    assert_eq!(skill.allowed_tools, ["Read", "Grep"]);
    let body = skill.instructions(Some(&plugin.root)).unwrap();
    assert_eq!(body, format!("\nRead it in {}.\n", plugin.root.display()));

    let mut commands: Vec<_> = plugin
        .commands
        .iter()
        .map(|command| {
            (command.name.as_str(), command.description.as_str(), command.argument_hint.as_deref())
        })
        .collect();
    commands.sort_unstable();
    assert_eq!(
        commands,
        [
            ("extra", "Say $ARGUMENTS.", None),
            ("fix", "Fix an issue", Some("[number] [--fast]")),
            ("git:push", "Push what there is.", None),
        ]
    );
    let fix = plugin.commands.iter().find(|command| command.name == "fix").unwrap();
    assert_eq!(fix.allowed_tools, ["Bash(git add:*)", "Edit"]);
    assert_eq!(fix.question("17 now", &plugin.root).unwrap(), "Fix 17.\n");

    assert_eq!(plugin.roles[0].description, "Use it when: always");
    assert_eq!(plugin.roles[0].instructions(&plugin.root).unwrap(), "You judge.\n");
    let hooks: Vec<_> =
        plugin.hooks.iter().map(|rule| (rule.event, rule.timeout_seconds)).collect();
    assert_eq!(hooks, [(HookEvent::BeforeTool, 5), (HookEvent::SessionStart, 60)]);
    assert_eq!(plugin.servers.unwrap().document["mcpServers"], json!({"s": {"command": "x"}}));
    assert_eq!(plugin.adapters[0].models, ["m"]);
    assert_eq!(plugin.catalogues, [plugin.root.join("models.toml")]);
}

#[test]
fn what_is_wrong_is_left_out_and_told() {
    let ground = Ground::new();
    ground.write(".plugin/plugin.json", r#"{"name": "odd",
        "commands": ["../outside.md", "/etc", "./none.md"], "skills": "..",
        "hooks": {"PreCompact": [], "PreToolUse": [
            {"matcher": "(", "hooks": [{"type": "command", "command": "x"}]},
            {"hooks": [{"type": "prompt", "prompt": "x"}, {"type": "command"}]}]},
        "models": {"adapters": [{"name": "a b", "command": ["x"]}, {"name": "a"}], "catalogues": ["../c.toml"]}
    }"#);
    ground.write("skills/empty/SKILL.md", "---\nname: empty\n---\n");
    ground.write("skills/Other/SKILL.md", "---\nname: Other Name\ndescription: d\n---\n");
    ground.write("skills/latin/SKILL.md", "");
    std::fs::write(ground.path().join("skills/latin/SKILL.md"), b"---\nname: \xff\n---\n").unwrap();
    ground.write("commands/long.md", &"x".repeat(600 << 10));
    ground.write("hooks/hooks.json", "{\n  \"hooks\": [,]\n}");
    let plugin = Plugin::read(&ground.path()).unwrap();
    assert_eq!(plugin.skills.len(), 1, "{:?}", plugin.skills);
    assert!(plugin.hooks.is_empty() && plugin.adapters.is_empty() && plugin.catalogues.is_empty());
    let told = |part: &str| plugin.problems.iter().any(|problem| problem.text.contains(part));
    for part in [
        "`../outside.md` of `commands` leads out",
        "`/etc` of `commands` leads out",
        "`./none.md` of `commands` is not there",
        "`..` of `skills` leads out",
        "the event `PreCompact` does not happen here",
        "the matcher `(` cannot be read",
        "`prompt` is no kind of program",
        "it has no `command`",
        "nothing tells what the skill is for",
        "`Other Name` is no name of a skill",
        "it is no UTF-8",
        "longer than 512 KiB",
        "its `name` is no word",
        "its `command` is no list",
        "the catalogue `../c.toml`",
    ] {
        assert!(told(part), "{part}: {:#?}", plugin.problems);
    }
    let json = plugin.problems.iter().find(|problem| problem.path.ends_with("hooks.json")).unwrap();
    assert_eq!(json.line, Some(2));
}

#[test]
fn a_manifest_has_to_be_one() {
    let check = |manifest: &str, part: &str| {
        let ground = Ground::new();
        ground.write(".plugin/plugin.json", manifest);
        let error = Plugin::read(&ground.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(part), "{error}");
    };
    check("", "plugin.json:1");
    check("[]", "no JSON object");
    check("{}", "no `name`");
    check(r#"{"name": "../x"}"#, "is no name of a plugin");
    check(r#"{"name": "a b"}"#, "is no name of a plugin");
    check(r#"{"name": ""}"#, "is no name of a plugin");
    let error = Plugin::read(&Ground::new().path()).unwrap_err();
    assert!(matches!(error, PluginError::NotAPlugin { .. }));
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let outside = Ground::new();
    outside.write("secret/SKILL.md", "---\nname: secret\ndescription: s\n---\nhidden\n");
    outside.write("command.md", "hidden");
    outside.write("hooks.json", r#"{"SessionStart": [{"command": "x"}]}"#);
    let ground = Ground::new();
    ground.plugin(".", "linked");
    ground.write("commands/own.md", "own");
    std::fs::create_dir_all(ground.path().join("hooks")).unwrap();
    symlink(outside.path().join("secret"), ground.path().join("skills/secret")).unwrap();
    symlink(outside.path().join("command.md"), ground.path().join("commands/out.md")).unwrap();
    symlink(outside.path().join("hooks.json"), ground.path().join("hooks/hooks.json")).unwrap();
    // A circle, and a pipe that nobody writes to.
    symlink(ground.path().join("commands"), ground.path().join("commands/again")).unwrap();
    let plugin = Plugin::read(&ground.path()).unwrap();
    assert_eq!(plugin.skills.len(), 1);
    assert!(plugin.commands.iter().all(|command| command.name.ends_with("own")));
    assert!(plugin.hooks.is_empty());
    let told = plugin.problems.iter().filter(|problem| problem.text.contains("leads out")).count();
    assert!(told >= 3, "{:?}", plugin.problems);
}
