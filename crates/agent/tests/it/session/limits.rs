//! Turns that must end.

use std::sync::Arc;

use mlxcode_agent::{Decision, Error, Event, SessionOptions, ToolsWhen, TurnEnd};
use mlxcode_models::{Role, ScriptedModel};

use super::world::{World, call, calling, model, read, told};

fn end(events: &[Event]) -> &TurnEnd {
    match events.last() {
        Some(Event::Finished { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn with_tools() -> SessionOptions {
    let mut options = SessionOptions::default();
    options.tools = ToolsWhen::On;
    options
}

#[test]
fn one_who_calls_the_same_for_ever_is_stopped() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let same = call("read", "{\"path\": \"a.py\"}");
    let replies = vec![same.as_str(); 40];
    let model = calling(&replies);
    let turn = world.session_with(&model, with_tools()).ask("look").unwrap();
    let events = read(turn, |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Loop, "{}", told(&events));
    assert_eq!(model.prompts().len(), 7);
}

#[test]
fn steps_are_counted() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let replies: Vec<String> =
        (1..40).map(|line| call("search", &format!("{{\"query\": \"a{line}\"}}"))).collect();
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    let model = calling(&replies);
    let mut options = with_tools();
    options.limits.steps = 5;
    let session = world.session_with(&model, options);
    assert_eq!(end(&read(session.ask("look").unwrap(), |_| Decision::Yes)), &TurnEnd::Steps);
    assert_eq!(model.prompts().len(), 5);
    // The conversation can go on: every question and call has its answer.
    let entries = session.entries().unwrap();
    assert_eq!(entries.last().unwrap().message.role, Role::Assistant);
}

#[test]
fn tokens_are_counted() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let long = format!("{} {}", "word ".repeat(30), call("read", "{\"path\": \"a.py\"}"));
    let model = calling(&[&long, &long, &long]);
    let mut options = with_tools();
    options.limits.tokens = 80;
    let events = read(world.session_with(&model, options).ask("look").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Tokens, "{}", told(&events));
}

#[test]
fn an_answer_that_goes_in_a_circle_is_cut() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let model = model(&[&"I am sorry. ".repeat(1_000)]);
    let mut options = SessionOptions::default();
    options.generate.max_tokens = Some(4_000);
    let events = read(world.session_with(&model, options).ask("why?").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Length);
    let Some(Event::Notice { text }) = events.iter().rev().nth(1) else { panic!("{events:?}") };
    assert!(text.contains("repeats itself"));
}

#[test]
fn a_turn_that_is_cancelled_or_left_ends_and_the_next_goes_on() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let long: String = (0..3_000).map(|number| format!("{number} ")).collect();
    // Twice what may wait for a reader, so that the turn cannot end before it
    // is read, and room for all of it.
    let scripted = ScriptedModel::new([&*long, &*long, "fine"]).with_context_length(100_000);
    let model = Arc::new(scripted);
    let mut options = SessionOptions::default();
    options.generate.max_tokens = Some(4_096);
    let session = world.session_with(&model, options);
    let mut turn = session.ask("tell me all").unwrap();
    let cancel = turn.cancel_token();
    for event in turn.by_ref() {
        if matches!(event, Event::Text { .. }) {
            assert!(matches!(session.ask("and this?"), Err(Error::Busy)));
            cancel.cancel();
            break;
        }
    }
    let rest: Vec<Event> = turn.collect();
    assert_eq!(end(&rest), &TurnEnd::Cancelled);

    let mut turn = session.ask("tell me all").unwrap();
    turn.by_ref().find(|event| matches!(event, Event::Text { .. })).unwrap();
    drop(turn);

    let events = read(session.ask("well?").unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Done);
    let roles: Vec<Role> =
        session.entries().unwrap().iter().map(|entry| entry.message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant].repeat(3));
}

#[test]
fn what_fails_is_told() {
    let world = World::new(&[("a.py", "A = 1\n")]);
    let spent = model(&[]);
    let session = world.session(&spent);
    assert!(matches!(session.ask("  "), Err(Error::EmptyInput { .. })));
    let events = read(session.ask("why?").unwrap(), |_| Decision::Yes);
    let TurnEnd::Failed { code, .. } = end(&events) else { panic!("{events:?}") };
    assert!(code.starts_with("models."), "{code}");
}
