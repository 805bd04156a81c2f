//! What others add: hooks, skills, tools that come later.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mlxcode_agent::plugin::{HookSurroundings, Hooks, Plugin, loose_skills};
use mlxcode_agent::{
    Access, Decision, Event, Mode, Outcome, Session, SessionHooks, SessionOptions, SkillFile, Tool,
    ToolResult, ToolSource, ToolsWhen, TurnEnd, World as At,
};
use mlxcode_base::CancelToken;
use mlxcode_models::{ScriptedModel, ToolSpec};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::world::{World, block, call, calling, model, read, told};

/// A plugin with these hooks, as a session hears of it.
fn hooks(folder: &Path, rules: &Value) -> Arc<SessionHooks> {
    let manifest = folder.join(".plugin/plugin.json");
    fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    fs::write(manifest, json!({"name": "guard", "hooks": rules}).to_string()).unwrap();
    let plugin = Plugin::read(folder).unwrap();
    assert_eq!(plugin.problems, []);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let around = HookSurroundings::new("s-1", folder, [("PATH".into(), path)]);
    let transcripts = Some(folder.join("transcripts"));
    Arc::new(SessionHooks { hooks: Hooks::new(plugin.hooks), around, transcripts })
}

fn program(matcher: &str, command: &str) -> Value {
    json!({"matcher": matcher, "hooks": [{"type": "command", "command": command}]})
}

struct Play {
    world: World,
    /// What the programs leave.
    folder: TempDir,
    model: Arc<ScriptedModel>,
    session: Session,
}

/// A session with tools and hooks.
fn play(replies: &[&str], rules: &Value) -> Play {
    let world = World::new(&[("a.py", "A = 1\nB = 2\n")]);
    let (model, folder) = (calling(replies), tempfile::tempdir().unwrap());
    let mut parts = world.parts(&model);
    parts.additions.hooks = Some(hooks(folder.path(), rules));
    let mut options = SessionOptions::default();
    options.tools = ToolsWhen::On;
    let session = Session::new(parts, options).unwrap();
    Play { world, folder, model, session }
}

impl Play {
    fn ask(&self, words: &str) -> Vec<Event> {
        read(self.session.ask(words).unwrap(), |_| Decision::Yes)
    }

    fn left(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn last_message(&self) -> String {
        let prompt = self.model.prompts().pop().unwrap();
        prompt.as_messages().last().unwrap().content.clone()
    }
}

fn end(events: &[Event]) -> &TurnEnd {
    match events.last() {
        Some(Event::Finished { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn notices(events: &[Event]) -> Vec<&str> {
    let notices = events.iter().filter_map(|event| match event {
        Event::Notice { text } => Some(text.as_str()),
        _ => None,
    });
    notices.collect()
}

#[test]
fn a_command_that_a_plugin_denies_is_not_run() {
    let run = call("run", "{\"command\": \"rm -r build\"}");
    let rules =
        json!({"PreToolUse": [program("Bash", "cat > heard; echo 'use the bin' >&2; exit 2")]});
    let play = play(&[&run, "I leave it."], &rules);
    let events = read(play.session.ask("clean").unwrap(), |_| panic!("nobody is asked"));
    assert!(play.world.commands.0.lock().unwrap().is_empty());
    insta::assert_snapshot!(told(&events));
    let heard: Value = serde_json::from_str(&play.left("heard")).unwrap();
    assert_eq!(heard["tool_name"], "Bash");
    assert_eq!(heard["tool_input"], json!({"command": "rm -r build"}));
    assert!(play.last_message().contains("use the bin"), "{}", play.last_message());
}

#[test]
fn programs_find_the_conversation_so_far_while_they_run() {
    const KEEP: &str = "cat > heard; \
        p=$(sed 's/.*\"transcript_path\":\"\\([^\"]*\\)\".*/\\1/' heard); \
        cat \"$p\" > seen; ls -l \"$p\" > rights";
    let run = call("run", "{\"command\": \"make\"}");
    let rules = json!({"PostToolUse": [program("Bash", KEEP)], "Stop": [program("", KEEP)],
                       "SessionEnd": [program("", KEEP)]});
    let play = play(&[&format!("I make it.\n{run}"), "It is made.", "Again."], &rules);
    let shown = play.folder.path().join("transcripts");
    let line = |kind: &str, role: &str, content: Value| {
        let message = json!({"role": role, "content": content});
        let cwd = play.folder.path().to_str().unwrap();
        json!({"type": kind, "message": message, "sessionId": "s-1", "cwd": cwd})
    };
    play.ask("make it with a.py");
    let read = |text: String| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // What stops has said all of it. No passage of code is in it.
    let seen = read(play.left("seen"));
    let id = seen[1]["message"]["content"][1]["id"].clone();
    let answer = seen[2]["message"]["content"][0]["content"].clone();
    let expect = [
        line("user", "user", json!("make it with a.py")),
        line(
            "assistant",
            "assistant",
            json!([
                {"type": "text", "text": "I make it."},
                {"type": "tool_use", "id": id, "name": "run", "input": {"command": "make"}},
            ]),
        ),
        line(
            "user",
            "user",
            json!([
                {"type": "tool_result", "tool_use_id": id, "content": answer},
            ]),
        ),
        line("assistant", "assistant", json!([{"type": "text", "text": "It is made."}])),
    ];
    assert_eq!(seen, expect);
    assert!(play.left("rights").starts_with("-rw-------"), "{}", play.left("rights"));
    assert!(fs::read_dir(&shown).unwrap().next().is_none(), "nothing is left");

    // The end of the session is heard with it, too.
    fs::remove_file(play.folder.path().join("seen")).unwrap();
    play.session.end("other").unwrap();
    assert_eq!(read(play.left("seen")), expect);
    assert!(fs::read_dir(&shown).unwrap().next().is_none(), "nothing is left");

    // Where it cannot be written, they run without it, and that is told.
    fs::remove_dir(&shown).unwrap();
    fs::write(&shown, "in the way").unwrap();
    let events = play.ask("again");
    let told = notices(&events);
    assert!(
        told.iter().any(|one| one.starts_with("hooks do not find the conversation: ")),
        "{told:?}"
    );
    assert!(!play.left("heard").contains("transcript_path"));
}

#[test]
fn a_plugin_spares_a_question_and_lifts_no_rule() {
    let run = call("run", "{\"command\": \"make\"}");
    let allow = json!({"hookSpecificOutput": {"permissionDecision": "allow",
        "updatedInput": {"command": "make -n"}, "additionalContext": "only looked"}});
    let rules = json!({"PreToolUse": [program("Bash", &format!("echo '{allow}'"))]});
    let first = play(&[&run, "Done."], &rules);
    let events = read(first.session.ask("make it").unwrap(), |_| panic!("nobody is asked"));
    assert_eq!(*first.world.commands.0.lock().unwrap(), ["make -n"]);
    assert!(first.last_message().contains("only looked"), "{}", first.last_message());
    assert_eq!(notices(&events)[0], "a hook tells the model: only looked");
    assert!(notices(&events)[1].contains("make -n"), "{events:?}");

    let second = play(&[&run, "Well."], &rules);
    second.session.set_mode(Mode::ReadOnly).unwrap();
    let events = read(second.session.ask("make it").unwrap(), |_| panic!("nobody is asked"));
    assert!(second.world.commands.0.lock().unwrap().is_empty());
    assert!(told(&events).contains("the mode is read-only"));

    // One that wants a question gets it where nobody would be asked.
    let ask = json!({"hookSpecificOutput": {"permissionDecision": "ask",
        "permissionDecisionReason": "sure?"}});
    let rules = json!({"PreToolUse": [program("Bash", &format!("echo '{ask}'"))]});
    let third = play(&[&run, "Done."], &rules);
    third.session.set_mode(Mode::Full).unwrap();
    let mut asked = Vec::new();
    read(third.session.ask("make it").unwrap(), |event| {
        let Event::ApprovalNeeded(approval) = event else { panic!() };
        asked.push(approval.why.clone());
        Decision::Yes
    });
    assert_eq!(asked, ["the plugin guard: sure?"]);
}

#[test]
fn blocks_of_edits_are_heard_before_and_after() {
    let rules = json!({
        "PreToolUse": [program("Edit|Write|MultiEdit",
            "cat >> before; if grep -q SECRET before; then echo 'no secrets' >&2; exit 2; fi")],
        "PostToolUse": [program("Edit|Write|MultiEdit",
            "cat >> after; if [ ! -e told ]; then touch told; echo 'run the formatter' >&2; exit 2; fi")],
    });
    let good = block("a.py", "A = 1\n", "A = 3\n");
    let mended = block("a.py", "A = 3\n", "A = 4\n");
    let bad = block("new.py", "", "SECRET = 1\n");
    let play = play(&[&good, &mended, &bad, "Then not."], &rules);
    let events = play.ask("three");
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(play.world.text("a.py"), "A = 4\nB = 2\n");
    assert!(told(&events).contains("run the formatter"), "{}", told(&events));
    let before: Value = serde_json::Deserializer::from_str(&play.left("before"))
        .into_iter()
        .next()
        .unwrap()
        .unwrap();
    let file = play.world.path("a.py");
    assert_eq!(before["tool_name"], "Edit");
    assert_eq!(
        before["tool_input"],
        json!({"file_path": file, "old_string": "A = 1\n", "new_string": "A = 3\n"})
    );

    let events = play.ask("a secret");
    assert_eq!(end(&events), &TurnEnd::Done);
    assert!(!Path::new(&play.world.path("new.py")).exists());
    assert!(play.last_message().contains("no secrets"), "{}", play.last_message());
    assert!(play.left("before").contains(r#""tool_name":"Write""#), "{}", play.left("before"));
}

#[test]
fn what_a_program_adds_to_a_change_is_told_at_once() {
    let adds = json!({"hookSpecificOutput": {"additionalContext": "mind eval()"}});
    // The first document says that it takes its time.
    let rules = json!({"PostToolUse": [program("Edit", &format!("echo '{{\"async\": true}}'; echo '{adds}'"))]});
    let first = block("a.py", "A = 1\n", "A = eval(x)\n");
    let second = block("a.py", "A = eval(x)\n", "A = 2\n");
    let play = play(&[&first, &second, "It is safe now."], &rules);
    let events = play.ask("two");
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(play.last_message(), "The edits were applied.\n\nFrom a hook:\nmind eval()");
    assert_eq!(notices(&events), ["a hook tells the model: mind eval()"; 2]);
    assert_eq!(play.world.text("a.py"), "A = 2\nB = 2\n");
}

#[test]
fn a_session_begins_and_ends_for_programs() {
    let rules = json!({
        "SessionStart": [program("", "echo begun; cat >> log")],
        "UserPromptSubmit": [program("", "if grep -q password; then echo 'say no passwords' >&2; exit 2; fi; echo remember")],
        "SessionEnd": [program("", "cat >> log")],
    });
    let play = play(&["Yes.", "Again.", "Anew."], &rules);
    play.ask("one");
    let first = play.last_message();
    assert!(first.contains("From a hook:\nbegun") && first.contains("remember"), "{first}");
    assert!(first.ends_with("one"), "{first}");
    play.ask("two");
    assert!(!play.last_message().contains("begun"));
    let events = play.ask("my password is x");
    assert_eq!(end(&events), &TurnEnd::Declined);
    assert_eq!(notices(&events), ["the plugin guard does not let this be said: say no passwords"]);
    assert_eq!(play.model.prompts().len(), 2);
    play.session.clear().unwrap();
    play.ask("three");
    let Play { session, folder, .. } = play;
    drop(session);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let heard = serde_json::Deserializer::from_str(&log).into_iter::<Value>().map(Result::unwrap);
    let word = |event: &Value| {
        let why = event.get("source").or(event.get("reason")).unwrap().as_str().unwrap();
        format!("{} {why}", event["hook_event_name"].as_str().unwrap())
    };
    let heard: Vec<String> = heard.map(|event| word(&event)).collect();
    assert_eq!(
        heard,
        ["SessionStart startup", "SessionEnd clear", "SessionStart clear", "SessionEnd other"]
    );
}

#[test]
fn a_program_lets_the_model_go_on_but_not_for_ever() {
    let rules = json!({"Stop": [program("", "cat >> stops; echo 'the tests, too' >&2; exit 2")]});
    let replies = ["One.", "Two.", "Three.", "Four.", "Five.", "Six.", "Seven."];
    let play = play(&replies, &rules);
    let events = play.ask("do it");
    assert_eq!(end(&events), &TurnEnd::Done);
    assert_eq!(play.model.prompts().len(), 6);
    assert_eq!(play.last_message(), "the tests, too");
    assert_eq!(notices(&events)[0], "the plugin guard lets it go on: the tests, too");
    let stops = play.left("stops");
    assert_eq!(stops.matches("\"stop_hook_active\":false").count(), 1);
    assert_eq!(stops.matches("\"stop_hook_active\":true").count(), 4);
}

#[test]
fn a_turn_that_is_stopped_waits_for_no_program() {
    let rules = json!({"PreToolUse": [program("Bash", "touch begun; sleep 600")]});
    let play = play(&[&call("run", "{\"command\": \"make\"}"), "never"], &rules);
    let turn = play.session.ask("make").unwrap();
    let (cancel, begun) = (turn.cancel_token(), play.folder.path().join("begun"));
    std::thread::spawn(move || {
        while !begun.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        cancel.cancel();
    });
    let events = read(turn, |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Cancelled);
    assert!(play.world.commands.0.lock().unwrap().is_empty());
}

/// Skills in a folder: two for the model, one for the person alone.
fn skills(folder: &Path) -> Arc<[SkillFile]> {
    for (name, head) in [
        ("release-notes", "description: Writes release notes."),
        ("tidy", "description: Tidies up."),
        ("secret", "description: For people.\ndisable-model-invocation: true"),
    ] {
        let place = folder.join(name);
        fs::create_dir_all(place.join("parts")).unwrap();
        let text = format!("---\nname: {name}\n{head}\n---\nDo the {name}.\nRead parts/more.md.\n");
        fs::write(place.join("SKILL.md"), text).unwrap();
        fs::write(place.join("parts/more.md"), "More of it.\n").unwrap();
    }
    let skills = loose_skills(folder).into_iter();
    skills.map(|skill| SkillFile { skill, plugin_root: None }).collect()
}

#[test]
fn a_model_reads_a_skill_when_it_needs_it() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let folder = tempfile::tempdir().unwrap();
    let model = calling(&[
        &call("skill", "{\"name\": \"tidy\"}"),
        &call("skill", "{\"name\": \"tidy\", \"file\": \"parts/more.md\"}"),
        &call("skill", "{\"name\": \"tidy\", \"file\": \"../secret/SKILL.md\"}"),
        &call("skill", "{\"name\": \"secret\"}"),
        "Tidy.",
    ]);
    let mut parts = world.parts(&model);
    parts.additions.skills = skills(folder.path());
    let mut options = SessionOptions::default();
    options.tools = ToolsWhen::On;
    let session = Session::new(parts, options).unwrap();
    let events = read(session.ask("tidy up").unwrap(), |_| panic!("reading is not asked for"));
    let answers: Vec<(bool, &str)> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolAnswered { text, ok, .. } => Some((*ok, text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        answers[0],
        (
            true,
            "The skill tidy:\n\nDo the tidy.\nRead parts/more.md.\n\nFiles of this skill: parts/more.md\n"
        )
    );
    assert_eq!(answers[1], (true, "More of it.\n"));
    assert!(!answers[2].0 && !answers[2].1.contains("Do the secret"), "{answers:?}");
    assert_eq!(answers[3], (false, "there is no skill `secret`; there are release-notes, tidy"));
    let prompt = model.prompts().remove(0);
    let system = &prompt.as_messages()[0].content;
    assert!(
        system.contains("- release-notes: Writes release notes.\n- tidy: Tidies up."),
        "{system}"
    );
    assert!(!system.contains("secret"), "{system}");
}

#[test]
fn a_person_shows_a_skill_to_a_model_without_tools() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let folder = tempfile::tempdir().unwrap();
    let model = model(&["Yes.", "Well."]);
    let mut parts = world.parts(&model);
    parts.additions.skills = skills(folder.path());
    let session = Session::new(parts, SessionOptions::default()).unwrap();
    let mut input = mlxcode_agent::Input::from("go");
    input.skills = vec!["secret".to_owned()];
    read(session.ask(input).unwrap(), |_| panic!());
    let prompt = model.prompts().remove(0);
    let messages = prompt.as_messages();
    assert!(messages[0].content.contains("/skill NAME"), "{}", messages[0].content);
    assert!(messages[1].content.contains("Do the secret.\n"), "{}", messages[1].content);
    assert!(messages[1].content.ends_with("\n\ngo"));
    let mut unknown = mlxcode_agent::Input::from("go");
    unknown.skills = vec!["none".to_owned()];
    let events = read(session.ask(unknown).unwrap(), |_| panic!());
    let TurnEnd::Failed { code, .. } = end(&events) else { panic!("{events:?}") };
    assert_eq!(code, "agent.unknown_skill");
}

/// Tools that are others each time they are asked for.
#[derive(Default)]
struct Later(Mutex<Vec<&'static str>>);

struct Served(ToolSpec);

impl Tool for Served {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, _: &Value) -> ToolResult<Access> {
        Ok(self.usual_access())
    }

    fn call(&self, _: &Value, _: &At<'_>) -> ToolResult<Outcome> {
        Ok(Outcome::Text(format!("{} was here", self.0.name)))
    }

    fn usual_access(&self) -> Access {
        Access::Mcp { server: "s".to_owned(), tool: self.0.name.clone() }
    }
}

fn served(name: &str, description: &str) -> Arc<dyn Tool> {
    let parameters = json!({"type": "object"});
    let (name, description) = (name.to_owned(), description.to_owned());
    Arc::new(Served(ToolSpec { name, description, parameters }))
}

impl ToolSource for Later {
    fn tools(&self, _: &CancelToken, told: &mut dyn FnMut(String)) -> Vec<Arc<dyn Tool>> {
        let mut asked = self.0.lock().unwrap();
        asked.push("asked");
        if asked.len() == 1 {
            told("one server does not start".to_owned());
        }
        let mut tools = vec![served("s__one", "One."), served("run", "In the place of ours.")];
        if asked.len() > 2 {
            tools.push(served("s__two", "Two."));
        }
        tools.push(served("s__huge", &"x".repeat(10_000)));
        tools
    }

    fn known(&self) -> Vec<Arc<dyn Tool>> {
        if self.0.lock().unwrap().is_empty() { Vec::new() } else { vec![served("s__one", "One.")] }
    }
}

#[test]
fn tools_of_servers_come_with_the_first_turn_that_has_tools() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let model = calling(&["No tools.", &call("s__one", "{}"), &call("s__two", "{}"), "Done."]);
    let (later, mut parts) = (Arc::new(Later::default()), world.parts(&model));
    parts.additions.tools = Some(Arc::clone(&later) as Arc<dyn ToolSource>);
    let mut session = Session::new(parts, SessionOptions::default()).unwrap();
    assert!(!session.has_tools(), "nobody knows that it calls them well");
    read(session.ask("first").unwrap(), |_| panic!());
    assert!(later.0.lock().unwrap().is_empty(), "nothing is started for a turn without tools");
    assert!(!session.tools().unwrap().iter().any(|tool| tool.server.is_some()));

    session.set_tools(ToolsWhen::On).unwrap();
    let events = read(session.ask("second").unwrap(), |_| Decision::Yes);
    let told = notices(&events);
    assert_eq!(told[0], "one server does not start");
    assert!(told[1].starts_with("1 tools of servers do not fit"), "{told:?}");
    assert!(told.contains(&"servers offer more tools now: s__two"), "{told:?}");
    let names = |prompt: usize| {
        let prompts = model.prompts();
        let mlxcode_models::Prompt::Chat(chat) = &prompts[prompt] else { panic!() };
        chat.tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>()
    };
    assert!(names(0).is_empty());
    assert_eq!(names(1).last().unwrap(), "s__one");
    assert_eq!(names(3).last().unwrap(), "s__two");
    assert_eq!(world.commands.0.lock().unwrap().len(), 0, "`run` stays ours");
    let answers: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolAnswered { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(answers, ["s__one was here", "s__two was here"]);
    assert!(session.tools().unwrap().iter().any(|tool| tool.server.as_deref() == Some("s")));
}

#[test]
fn tools_are_given_to_models_that_are_good_at_them() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let check = |model: ScriptedModel, when: ToolsWhen, expect: bool| {
        let mut options = SessionOptions::default();
        options.tools = when;
        let session = world.session_with(&Arc::new(model), options);
        assert_eq!(session.has_tools(), expect, "{when:?}");
    };
    let new = || ScriptedModel::new([""; 0]);
    for (when, expects) in [
        (ToolsWhen::Auto, [false, false, true]),
        (ToolsWhen::On, [false, true, true]),
        (ToolsWhen::Off, [false, false, false]),
    ] {
        for (model, expect) in
            [new(), new().with_tools(), new().good_at_tools()].into_iter().zip(expects)
        {
            check(model, when, expect);
        }
    }
}

#[test]
fn a_turn_that_is_stopped_while_a_plugin_listens_is_cancelled() {
    let rules = json!({"UserPromptSubmit": [program("", "sleep 30")]});
    let play = play(&["Never said."], &rules);
    let turn = play.session.ask("well?").unwrap();
    turn.cancel_token().cancel();
    let events: Vec<Event> = turn.collect();
    assert_eq!(end(&events), &TurnEnd::Cancelled);
    assert!(!told(&events).contains("does not let this be said"), "{}", told(&events));
}

#[test]
fn what_a_plugin_says_after_a_change_takes_no_repair_and_is_not_lost() {
    let note = json!({"hookSpecificOutput": {"additionalContext": "format it"}});
    let rules = json!({"PostToolUse": [program("Edit|Write", &format!("echo '{note}'"))]});
    let change = block("a.py", "A = 1\n", "A = 2\n");
    let check = |repairs: usize, asked: usize| {
        let world = World::new(&[("a.py", "A = 1\nB = 2\n")]);
        let (model, folder) = (calling(&[&change, "Fine.", "Next."]), tempfile::tempdir().unwrap());
        let mut parts = world.parts(&model);
        parts.additions.hooks = Some(hooks(folder.path(), &rules));
        let mut options = SessionOptions::default();
        options.limits.repairs = repairs;
        let session = Session::new(parts, options).unwrap();
        let events = read(session.ask("change").unwrap(), |_| Decision::Yes);
        assert_eq!(end(&events), &TurnEnd::Done);
        assert!(!events.iter().any(|event| matches!(event, Event::Repair { .. })));
        assert_eq!(model.prompts().len(), asked);
        read(session.ask("and now?").unwrap(), |_| Decision::Yes);
        let prompt = model.prompts().pop().unwrap();
        let said = prompt.as_messages().iter().filter(|one| one.content.contains("format it"));
        assert_eq!(said.count(), 1, "repairs: {repairs}");
    };
    check(3, 2);
    check(0, 1);
}
