#![cfg(unix)]

use std::ffi::OsString;

use mlxcode_agent::plugin::{
    Happening, HookDecision, HookOutcome, HookSurroundings, HookedCall, Hooks, Plugin, PluginError,
};
use mlxcode_base::CancelToken;
use serde_json::{Value, json};

use super::{Ground, text};

/// A plugin whose one program is this, for this event.
fn hooks(ground: &Ground, event: &str, program: Value) -> Hooks {
    let group = json!({"matcher": program.get("matcher").cloned().unwrap_or(json!("")), "hooks": [program]});
    rules(ground, &json!({event: [group]}))
}

fn rules(ground: &Ground, hooks: &Value) -> Hooks {
    ground.write("p/.plugin/plugin.json", &json!({"name": "p", "hooks": hooks}).to_string());
    let plugin = Plugin::read(&ground.path().join("p")).unwrap();
    assert_eq!(plugin.problems, []);
    Hooks::new(plugin.hooks)
}

fn before(tool: &str, input: Value) -> Happening {
    let aliases = if tool == "run" { vec!["Bash".to_owned()] } else { Vec::new() };
    Happening::BeforeTool(HookedCall { tool: tool.to_owned(), aliases, input })
}

fn run(ground: &Ground, hooks: &Hooks, happening: &Happening) -> HookOutcome {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let environment: Vec<(OsString, OsString)> = vec![
        ("PATH".into(), path),
        ("HF_TOKEN".into(), "hf_secret".into()),
        ("EDITOR".into(), "vi".into()),
    ];
    let around = HookSurroundings::new("s-1", ground.path(), environment);
    hooks.run(happening, &around, &CancelToken::new()).unwrap()
}

fn ask(program: Value) -> HookOutcome {
    let ground = Ground::new();
    run(&ground, &hooks(&ground, "PreToolUse", program), &before("run", json!({"command": "ls"})))
}

fn says(script: &str) -> HookOutcome {
    ask(json!({"type": "command", "command": script}))
}

#[test]
fn a_program_decides() {
    let check = |script: &str, decision: HookDecision, reason: Option<&str>| {
        let outcome = says(script);
        let expect = (decision, reason, 0);
        assert_eq!(
            (outcome.decision, outcome.reason.as_deref(), outcome.problems.len()),
            expect,
            "{script}"
        );
    };
    let json = |text: &str| format!("cat >/dev/null; echo '{text}'");
    check("true", HookDecision::None, None);
    check("echo fine", HookDecision::None, None);
    check("echo no rm here >&2; exit 2", HookDecision::Deny, Some("no rm here"));
    check(
        &json(r#"{"decision": "block", "reason": "old words"}"#),
        HookDecision::Deny,
        Some("old words"),
    );
    check(&json(r#"{"decision": "approve"}"#), HookDecision::Allow, None);
    let own = |text: &str| {
        json(&format!(r#"{{"hookSpecificOutput": {{"hookEventName": "PreToolUse", {text}}}}}"#))
    };
    check(&own(r#""permissionDecision": "allow""#), HookDecision::Allow, None);
    check(
        &own(r#""permissionDecision": "ask", "permissionDecisionReason": "sure?""#),
        HookDecision::Ask,
        Some("sure?"),
    );
    check(&own(r#""permissionDecision": "deny""#), HookDecision::Deny, None);
    check(
        &json(r#"{"continue": false, "stopReason": "enough"}"#),
        HookDecision::Deny,
        Some("enough"),
    );
    check(&json(r#"{"unknown": 1}"#), HookDecision::None, None);
}

#[test]
fn one_that_fails_is_told_and_objects_only_if_it_should() {
    let check = |script: &str, part: &str| {
        let outcome = says(script);
        assert_eq!(outcome.decision, HookDecision::None);
        assert!(outcome.problems[0].text.contains(part), "{:?}", outcome.problems);
    };
    check("echo broken >&2; exit 1", "exit code 1: broken");
    check("exec /none/of/this", "exit code 127");
    check("kill -9 $$", "signal: 9");
    check("echo '{'", "no JSON document");
    check("head -c 2000000 /dev/zero", "more than 1024 KiB");
    let strict = json!({"type": "command", "command": "exit 1", "onFailure": "block"});
    let outcome = ask(strict);
    assert_eq!(outcome.decision, HookDecision::Deny);
    let missing = ask(json!({"type": "command", "command": ["/none/of/this"]}));
    assert!(missing.problems[0].text.contains("cannot be started"), "{:?}", missing.problems);
}

#[test]
fn one_that_takes_too_long_is_ended_with_its_children() {
    let ground = Ground::new();
    let program =
        json!({"type": "command", "command": "sleep 600 & echo $! > pid; wait", "timeout": 1});
    let outcome = run(&ground, &hooks(&ground, "PreToolUse", program), &before("run", json!({})));
    assert!(outcome.problems[0].text.contains("did not end within 1 s"), "{:?}", outcome.problems);
    let pid = text(&ground.path().join("pid"));
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    for _ in 0..500 {
        if !runs() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the child still runs");
}

#[test]
fn the_work_can_be_stopped() {
    let ground = Ground::new();
    let hooks = hooks(&ground, "PreToolUse", json!({"type": "command", "command": "sleep 600"}));
    let cancel = CancelToken::new();
    cancel.cancel();
    let around = HookSurroundings::new("s", ground.path(), []);
    let stopped = hooks.run(&before("run", json!({})), &around, &cancel);
    assert!(matches!(stopped, Err(PluginError::Cancelled)));
}

#[test]
fn input_is_data_and_never_a_command() {
    let ground = Ground::new();
    let hooks = hooks(&ground, "PreToolUse", json!({"type": "command", "command": "cat > heard"}));
    let evil = "$(touch evil) `touch evil`; touch evil \"' \n ${IFS} ü";
    run(&ground, &hooks, &before("run", json!({"command": evil})));
    let heard: Value = serde_json::from_str(&text(&ground.path().join("heard"))).unwrap();
    assert_eq!(
        heard,
        json!({
            "session_id": "s-1",
            "cwd": ground.path().to_str().unwrap(),
            "hook_event_name": "PreToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": evil},
        })
    );
    assert!(!ground.path().join("evil").exists());
}

#[test]
fn the_plugins_folder_comes_as_a_variable_whatever_it_is_called() {
    let ground = Ground::new();
    let name = "a $(touch evil) 'b\" p";
    let manifest = json!({"name": "p", "hooks": {"SessionStart": [{"hooks": [
        {"type": "command", "command": "cat \"${CLAUDE_PLUGIN_ROOT}/words\"; env | cut -d= -f1 | sort | tr '\\n' ' '"},
        {"type": "command", "command": ["cat", "${PLUGIN_ROOT}/words"]},
    ]}]}});
    ground.write(&format!("{name}/.plugin/plugin.json"), &manifest.to_string());
    ground.write(&format!("{name}/words"), "my words\n");
    let plugin = Plugin::read(&ground.path().join(name)).unwrap();
    let happening = Happening::SessionStart { source: "startup".to_owned() };
    let outcome = run(&ground, &Hooks::new(plugin.hooks), &happening);
    assert!(outcome.context[0].starts_with("my words\n"), "{outcome:?}");
    assert!(outcome.context[0].contains("EDITOR") && !outcome.context[0].contains("HF_TOKEN"));
    assert_eq!(outcome.context[1], "my words");
    assert!(!ground.path().join("evil").exists());
}

#[test]
fn programs_are_asked_in_turn() {
    let ground = Ground::new();
    let change = |from: &str, to: &str| {
        let answer = json!({"hookSpecificOutput": {"updatedInput": {"command": to}, "additionalContext": format!("now {to}")}});
        json!({"type": "command", "command": format!("grep -q '\"command\":\"{from}\"' && echo '{answer}'")})
    };
    let hooks = rules(
        &ground,
        &json!({"PreToolUse": [
            {"matcher": "Bash", "hooks": [change("one", "two"), change("two", "three")]},
            {"matcher": "Write", "hooks": [{"type": "command", "command": "exit 2"}]},
            {"matcher": "run|other", "hooks": [{"type": "command", "command": "echo '{\"systemMessage\": \"seen\"}'"}]},
        ]}),
    );
    let outcome = run(&ground, &hooks, &before("run", json!({"command": "one"})));
    assert_eq!(outcome.updated_input, Some(json!({"command": "three"})));
    assert_eq!(outcome.context, ["now two", "now three"]);
    assert_eq!(outcome.messages, ["seen"]);
    assert_eq!((outcome.decision, outcome.problems.len()), (HookDecision::None, 0));
    let nobody = run(&ground, &hooks, &before("read", json!({})));
    assert_eq!(nobody, HookOutcome::default());
}

#[test]
fn the_strictest_word_holds_and_ends_the_asking() {
    let ground = Ground::new();
    let says = |decision: &str| {
        let answer = json!({"hookSpecificOutput": {"permissionDecision": decision}});
        json!({"type": "command", "command": format!("echo '{answer}'")})
    };
    let outcome = |programs: Value| {
        let hooks = rules(&ground, &json!({"PreToolUse": [{"hooks": programs}]}));
        run(&ground, &hooks, &before("run", json!({}))).decision
    };
    assert_eq!(outcome(json!([says("ask"), says("allow")])), HookDecision::Ask);
    assert_eq!(outcome(json!([says("allow"), says("ask")])), HookDecision::Ask);
    let after = json!({"type": "command", "command": "touch later"});
    assert_eq!(outcome(json!([says("deny"), after])), HookDecision::Deny);
    assert!(!ground.path().join("later").exists());
}

#[test]
fn after_a_tool_the_model_is_told() {
    let ground = Ground::new();
    let program = json!({"type": "command", "command": "grep -q '\"tool_response\":{\"ok\":false}' && echo 'run the formatter' >&2; exit 2"});
    let hooks = hooks(&ground, "PostToolUse", program);
    let call = HookedCall { tool: "edit".to_owned(), aliases: Vec::new(), input: json!({}) };
    let happening = Happening::AfterTool { call, response: json!({"ok": false}) };
    let outcome = run(&ground, &hooks, &happening);
    assert_eq!(
        (outcome.decision, outcome.feedback),
        (HookDecision::None, vec!["run the formatter".to_owned()])
    );
}

#[test]
fn a_session_can_end_for_one_program_alone() {
    let ground = Ground::new();
    let program = json!({"type": "command", "command": "touch ended", "matcher": "logout"});
    let hooks = hooks(&ground, "SessionEnd", program);
    run(&ground, &hooks, &Happening::SessionEnd { reason: "other".to_owned() });
    assert!(!ground.path().join("ended").exists());
    run(&ground, &hooks, &Happening::SessionEnd { reason: "logout".to_owned() });
    assert!(ground.path().join("ended").exists());
}
