//! The same replies in a conversation: what is read and placed is carried out.

use std::sync::Mutex;

use mlxcode_agent::{
    Access, Decision, Event, Mode, Outcome as Done, Session, SessionOptions, Tool, ToolBox,
    ToolResult, ToolsWhen, TurnEnd, World as At,
};
use mlxcode_models::{Role, ToolSpec};
use serde_json::Value;

use super::cases;
use super::ground::{before, files};
use super::outcome::{Case, Class, tools};
use crate::session::world::{World, calling, read};

/// A tool that notes its calls and does nothing.
struct Noted(ToolSpec, std::sync::Arc<Mutex<Vec<String>>>);

impl Tool for Noted {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn access(&self, _: &Value) -> ToolResult<Access> {
        Ok(Access::Other)
    }

    fn call(&self, arguments: &Value, _: &At<'_>) -> ToolResult<Done> {
        self.1.lock().unwrap().push(format!("{} {arguments}", self.0.name));
        Ok(Done::Text("noted".to_owned()))
    }
}

#[test]
fn a_conversation_carries_out_what_a_reply_meant() {
    // A model whose template begins its thoughts says so itself.
    for case in cases().iter().filter(|case| !case.starts_thinking) {
        let before = before();
        let all: Vec<(&str, &str)> =
            before.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let world = World::new(&all);
        let model = calling(&[&case.reply, "I leave it.", "I leave it."]);
        let mut parts = world.parts(&model);
        let calls = std::sync::Arc::<Mutex<Vec<String>>>::default();
        parts.tools = ToolBox::default();
        for spec in tools() {
            parts.tools.add(Noted(spec, std::sync::Arc::clone(&calls)));
        }
        let mut options = SessionOptions::default();
        options.mode = Mode::Full;
        options.tools = if case.has_tools { ToolsWhen::On } else { ToolsWhen::Off };
        // Long replies are meant to be read whole.
        options.generate.max_tokens = Some(4_096);
        let session = Session::new(parts, options).unwrap();
        let events = read(session.ask("do it").unwrap(), |_| Decision::Yes);
        let name = &case.name;
        let Some(Event::Finished { reason, .. }) = events.last() else { panic!("{name}") };
        // One that repeats itself is stopped.
        let is_loop = name.contains("_loop_") && reason == &TurnEnd::Length;
        assert!(is_loop || reason == &TurnEnd::Done, "{name}: {reason:?}");
        assert_eq!(files(world.path("").as_ref()), case.meant(), "{name}");
        assert_eq!(*calls.lock().unwrap(), case.calls, "{name}");
        is_told(case, &model.prompts());
    }
}

/// The model hears of what was not done, and goes on where it called.
fn is_told(case: &Case, prompts: &[mlxcode_models::Prompt]) {
    let goes_on = matches!(case.class, Class::Call | Class::Refused | Class::AskedAgain);
    assert_eq!(prompts.len() > 1, goes_on, "{}", case.name);
    let Some(second) = prompts.get(1) else { return };
    let messages = second.as_messages();
    let said: Vec<_> = messages.iter().skip_while(|one| one.role != Role::Assistant).collect();
    for words in &case.says {
        assert!(said.iter().any(|one| one.content.contains(words)), "{}: {words}", case.name);
    }
    let answers = said.iter().filter(|one| one.role == Role::Tool).count();
    assert_eq!(answers, case.calls.len(), "{}", case.name);
}
