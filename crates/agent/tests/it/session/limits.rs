//! Turns that must end.

use std::sync::Arc;

use mlxcode_agent::{
    AttachedFile, Decision, Error, Event, Input, Session, SessionOptions, ToolsWhen, TurnEnd,
};
use mlxcode_base::RelPath;
use mlxcode_models::{
    GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Role, ScriptedModel,
};

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

/// A scripted model that sees.
struct Seeing(ScriptedModel, ModelInfo);

impl LanguageModel for Seeing {
    fn info(&self) -> &ModelInfo {
        &self.1
    }

    fn count_tokens(&self, prompt: &Prompt) -> mlxcode_models::Result<usize> {
        self.0.count_tokens(prompt)
    }

    fn generate(&self, request: GenerateRequest) -> mlxcode_models::Result<Generation> {
        self.0.generate(request)
    }
}

#[test]
fn the_pictures_of_a_message_are_no_more_than_can_be_sent() {
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".to_vec();
    picture.resize(3 << 20, 0);
    let world = World::new(&[("a.py", "A = 1\n")]);
    let scripted = ScriptedModel::new(["Seen."]);
    let mut info = scripted.info().clone();
    info.images = true;
    let model = Arc::new(Seeing(scripted, info));
    let mut parts = world.parts(&super::world::model(&[]));
    parts.model = Arc::clone(&model) as Arc<dyn LanguageModel>;
    let mut input = Input::from("what is on them?");
    for number in 1..=6 {
        let name = format!("{number}.png");
        std::fs::write(world.path(&name), &picture).unwrap();
        input.attached.push(AttachedFile::InTree(RelPath::new(&name).unwrap()));
    }
    let session = Session::new(parts, SessionOptions::default()).unwrap();
    let events = read(session.ask(input).unwrap(), |_| Decision::Yes);
    assert_eq!(end(&events), &TurnEnd::Done, "{}", told(&events));
    let prompts = model.0.prompts();
    let message = prompts[0].as_messages().last().unwrap();
    assert_eq!(message.images.len(), 5, "five of 3 MiB are less than 16 MiB");
    let left = "The picture 6.png.\nIt is left out: the pictures of a message take 16.0 MiB";
    assert!(message.content.contains(left), "{}", message.content);
    assert!(told(&events).contains("6.png: It is left out"), "{}", told(&events));
}
