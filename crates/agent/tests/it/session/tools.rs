//! Tools: called, judged, answered.

use mlxcode_agent::{Decision, Event, Mode, SessionOptions, ToolsWhen, TurnEnd};
use mlxcode_models::{Role, ScriptedModel};

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

/// The messages of the last prompt behind the question.
fn told_last(model: &ScriptedModel) -> Vec<(Role, String)> {
    let prompt = model.prompts().pop().unwrap();
    let said = prompt.as_messages().iter().skip(2);
    said.map(|one| (one.role, one.content.clone())).collect()
}

#[test]
fn edits_beside_a_call_are_applied_before_it_and_the_model_hears_of_them() {
    let change = super::world::block("a.py", "A = 1\n", "A = 2\n");
    let run = call("run", "{\"command\": \"make\"}");
    let answer = format!("{change}\n{run}");
    let check = |answer: &str, said: Decision, expect: TurnEnd, text: &str, last: &str| {
        let world = World::new(&[("a.py", "A = 1\n")]);
        let model = calling(&[answer, "Done."]);
        let session = world.session_with(&model, with_tools());
        let events = read(session.ask("change and make").unwrap(), |event| match event {
            Event::ApprovalNeeded(approval) if approval.what.starts_with("run") => {
                assert_eq!(world.text("a.py"), text, "the command runs on what was edited");
                Decision::Yes
            }
            _ => said.clone(),
        });
        assert_eq!(end(&events), &expect, "{}", told(&events));
        assert_eq!(world.text("a.py"), text);
        let answers = answers(&events);
        assert_eq!(answers.len(), 1, "{answers:?}");
        if expect == TurnEnd::Declined {
            assert!(!answers[0].0 && world.commands.0.lock().unwrap().is_empty());
            return;
        }
        assert!(answers[0].0, "{answers:?}");
        let said = told_last(&model);
        let roles: Vec<Role> = said.iter().map(|(role, _)| *role).collect();
        assert_eq!(roles, [Role::Assistant, Role::Tool, Role::User]);
        assert!(said[2].1.contains(last), "{said:?}");
    };
    check(&answer, Decision::Yes, TurnEnd::Done, "A = 2\n", "The edits were applied.");
    check(&answer, Decision::No, TurnEnd::Declined, "A = 1\n", "");
    let why = Decision::Because("not so".to_owned());
    check(&answer, why, TurnEnd::Done, "A = 1\n", "The edits were not applied: not so");
    let wrong = answer.replace("A = 1\n=======", "nothing like it\n=======");
    check(&wrong, Decision::Yes, TurnEnd::Done, "A = 1\n", "block 1, a.py:");
    let there = answer.replace("A = 1\n=======\nA = 2", "A = 1\n=======\nA = 1");
    check(&there, Decision::Yes, TurnEnd::Done, "A = 1\n", "hold what the edits would write");
}

#[test]
fn a_broken_call_beside_a_good_one_is_told() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let good = call("read", "{\"path\": \"a.py\"}");
    let broken = "<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": [}}\n</tool_call>";
    let change = super::world::block("a.py", "A = 1\n", "A = 2\n");
    let model = calling(&[&format!("{change}\n{good}\n{broken}"), "Done."]);
    let session = world.session_with(&model, with_tools());
    let events = read(session.ask("read both").unwrap(), |_| Decision::Yes);
    assert_eq!(answers(&events).len(), 1);
    let said = told_last(&model);
    assert!(said[2].1.starts_with("The call could not be read: "), "{said:?}");
    assert!(said[2].1.ends_with("The edits of this answer were not applied; write them again."));
    assert_eq!(world.text("a.py"), "A = 1\n");
}

#[test]
fn calls_before_an_answer_was_cut_off_are_answered() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let cut = format!("{}\n{}", call("read", "{\"path\": \"a.py\"}"), "and so on ".repeat(90));
    let model = calling(&[&cut, "Short."]);
    let mut options = with_tools();
    options.generate.max_tokens = Some(60);
    let events = read(world.session_with(&model, options).ask("read").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Done, "{}", told(&events));
    let said = told_last(&model);
    let roles: Vec<Role> = said.iter().map(|(role, _)| *role).collect();
    assert_eq!(roles, [Role::Assistant, Role::Tool, Role::User]);
    assert_eq!(said[1].1, "it was not done, since the answer was cut off");
    let prompt = model.prompts().pop().unwrap();
    let answered = prompt.as_messages()[3].tool_call_id.clone();
    assert_eq!(answered.as_deref(), Some(prompt.as_messages()[2].tool_calls[0].id.as_str()));
}

#[test]
fn a_task_takes_of_the_tokens_of_the_turn() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let words = "word ".repeat(30);
    let look =
        |line: usize| format!("{words} {}", call("search", &format!("{{\"query\": \"a{line}\"}}")));
    let model = calling(&[
        &format!("{words} {}", call("task", "{\"prompt\": \"What is A?\"}")),
        &look(1),
        &look(2),
        &look(3),
        &look(4),
        "A is 1.",
    ]);
    let mut options = with_tools();
    options.limits.tokens = 200;
    let events =
        read(world.session_with(&model, options).ask("what is A?").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Tokens, "{}", told(&events));
    let Some(Event::Finished { usage, .. }) = events.last() else { panic!() };
    assert!(usage.completion_tokens <= 200, "{usage:?}");
    assert_eq!(model.prompts().len(), 3);
}
