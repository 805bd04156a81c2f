//! Tools: called, judged, answered.

use mlxcode_agent::{Decision, Event, Mode, SessionOptions, ToolsWhen, TurnEnd};
use mlxcode_models::Role;

use super::world::{World, call, calling, read, told};

const GREET: &str = "def greet():\n    return \"hello\"\n";

fn with_tools() -> SessionOptions {
    let mut options = SessionOptions::default();
    options.tools = ToolsWhen::On;
    options
}

fn end(events: &[Event]) -> &TurnEnd {
    match events.last() {
        Some(Event::Finished { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn answers(events: &[Event]) -> Vec<(bool, &str)> {
    let answer = |event| match event {
        &Event::ToolAnswered { ref text, ok, .. } => Some((ok, text.as_str())),
        _ => None,
    };
    events.iter().filter_map(answer).collect()
}

#[test]
fn a_model_looks_changes_runs_and_answers() {
    let world = World::new(&[("src/greet.py", GREET), ("src/port.py", "PORT = 1\n")]);
    let edit = "{\"path\": \"src/greet.py\", \"old\": \"hello\", \"new\": \"HELLO\"}";
    let model = calling(&[
        &format!(
            "I look.\n{}\n{}",
            call("list", "{}"),
            call("read", "{\"path\": \"src/greet.py\"}")
        ),
        &call("edit", edit),
        &call("run", "{\"command\": \"python -m pytest\"}"),
        "Done: it greets louder.",
    ]);
    let session = world.session_with(&model, with_tools());
    let mut asked = Vec::new();
    let events = read(session.ask("greet louder").unwrap(), |event| {
        let Event::ApprovalNeeded(approval) = event else { panic!() };
        asked.push(approval.what.clone());
        Decision::Yes
    });
    assert_eq!(asked, ["change src/greet.py", "run `python -m pytest`"]);
    assert_eq!(*world.commands.0.lock().unwrap(), ["python -m pytest"]);
    assert!(world.text("src/greet.py").contains("HELLO"));
    insta::assert_snapshot!(told(&events));

    let last = model.prompts().pop().unwrap();
    let messages = last.as_messages();
    // Each call has its answer, by its name.
    let calls: Vec<&str> =
        messages.iter().flat_map(|one| &one.tool_calls).map(|call| call.id.as_str()).collect();
    let answered: Vec<&str> =
        messages.iter().filter_map(|one| one.tool_call_id.as_deref()).collect();
    assert_eq!(calls, answered);
    assert_eq!(calls.len(), 4);
}

#[test]
fn calls_that_make_no_sense_are_told_back() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let model = calling(&[
        &call("read", "{\"path\": \"../../etc/passwd\"}"),
        &call("read", "{\"file\": \"a.py\"}"),
        &call("read", "{\"path\": \"b.py\"}"),
        &call("read", "{\"path\": \"a.py\", \"first_line\": 9}"),
        &call("edit", "{\"path\": \"a.py\", \"old\": \"none\", \"new\": \"x\"}"),
        "I give up.",
    ]);
    let events = read(world.session_with(&model, with_tools()).ask("try").unwrap(), |_| {
        panic!("nothing here is to be asked")
    });
    assert_eq!(end(&events), &TurnEnd::Done);
    let answers = answers(&events);
    assert_eq!(answers.len(), 5);
    assert!(answers.iter().all(|(ok, _)| !ok), "{answers:?}");
    assert!(answers[1].1.contains("`path` is missing"), "{answers:?}");
    assert!(answers[3].1.contains("has 1 lines"), "{answers:?}");
    assert_eq!(world.text("a.py"), "A = 1\n");
}

#[test]
fn what_is_not_allowed_is_not_done() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let model = calling(&[
        &call("run", "{\"command\": \"rm -r .\"}"),
        &call("read", "{\"path\": \"a.py\"}"),
        "I only looked.",
    ]);
    let mut options = with_tools();
    options.mode = Mode::ReadOnly;
    let events = read(world.session_with(&model, options).ask("look").unwrap(), |_| panic!());
    let answers = answers(&events);
    assert_eq!((answers[0].0, answers[1].0), (false, true), "{answers:?}");
    assert!(world.commands.0.lock().unwrap().is_empty());

    // Who says no ends the turn, and a reason goes on.
    let run = call("run", "{\"command\": \"rm -r .\"}");
    let check = |decision: Decision, expect: TurnEnd| {
        let model = calling(&[&run, "Well."]);
        let session = world.session_with(&model, with_tools());
        let events = read(session.ask("look").unwrap(), |_| decision.clone());
        assert_eq!(end(&events), &expect);
        assert!(world.commands.0.lock().unwrap().is_empty());
        assert_eq!(session.entries().unwrap().last().unwrap().message.role, Role::Assistant);
    };
    check(Decision::No, TurnEnd::Declined);
    check(Decision::Because("use git".to_owned()), TurnEnd::Done);
}

#[test]
fn a_task_has_a_conversation_of_its_own() {
    let world = World::new(&[("a.py", "A = 1\n"), ("b.py", "B = 2\n")]);
    let model = calling(&[
        &call("task", "{\"prompt\": \"What is B?\"}"),
        &call("read", "{\"path\": \"b.py\"}"),
        &call("write", "{\"path\": \"b.py\", \"content\": \"B = 3\\n\"}"),
        "B is 2.",
        "It is 2.",
    ]);
    let session = world.session_with(&model, with_tools());
    let events = read(session.ask("what is B?").unwrap(), |_| panic!("a task only looks"));
    assert_eq!(world.text("b.py"), "B = 2\n");
    insta::assert_snapshot!(told(&events));
    let last = model.prompts().pop().unwrap();
    let said: Vec<&str> = last.as_messages().iter().map(|one| one.content.as_str()).collect();
    assert_eq!(said.last(), Some(&"B is 2."));
    assert!(!said.iter().any(|text| text.contains("B = 2") && text.starts_with("b.py:1-1 of")));
}
