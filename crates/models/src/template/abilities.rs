//! What a template can lay out, found by trying it.

use serde_json::json;

use super::ChatTemplate;
use super::chat::Shape;
use crate::chat::{Chat, Message, ToolCall, ToolSpec};

/// Words that no template says by itself.
const SYSTEM: &str = "zqsystem";
const TOOL: &str = "zqtool";
const VALUE: &str = "zqvalue";
const RESULT: &str = "zqresult";

/// What a template does with the parts of a conversation.
#[allow(clippy::struct_excessive_bools, reason = "each is found alone")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It says what a system message says.
    pub system: bool,
    /// It tells of tools.
    pub tools: bool,
    /// It repeats the calls of the model.
    pub calls: bool,
    /// It tells what a tool answered.
    pub results: bool,
    /// It can be told to think, or not to.
    pub thinking: bool,
    /// How it wants calls.
    pub shape: Shape,
}

impl Abilities {
    /// Renders conversations with known words and looks which come out.
    pub fn of(template: &ChatTemplate) -> Self {
        let render = |chat: &Chat, shape| template.render_shaped(chat, true, shape).ok();
        let says = |chat: &Chat, word: &str| {
            render(chat, Shape::default()).is_some_and(|text| text.contains(word))
        };
        let hello = vec![Message::user("Hello")];
        if render(&Chat::from(hello.clone()), Shape::default()).is_none() {
            // Whoever uses it is told why; nothing is worth a second try.
            let shape = Shape::default();
            return Self {
                system: true,
                tools: true,
                calls: true,
                results: true,
                thinking: false,
                shape,
            };
        }
        let system = vec![Message::system(SYSTEM), Message::user("Hello")];
        let with_tools = Chat { messages: hello.clone(), tools: vec![tool()], thinking: None };
        let thinks = |thinking| Chat {
            messages: hello.clone(),
            tools: Vec::new(),
            thinking: Some(thinking),
        };
        let (on, off) = (thinks(true), thinks(false));
        let mut abilities = Self {
            system: says(&Chat::from(system), SYSTEM),
            tools: says(&with_tools, TOOL),
            thinking: render(&on, Shape::default()) != render(&off, Shape::default()),
            ..Self::default()
        };
        let called = called();
        let shapes = [(false, false), (false, true), (true, false), (true, true)];
        let shapes = shapes.map(|(text_arguments, short_ids)| Shape {
            text_arguments,
            short_ids,
            no_thoughts_with_calls: false,
        });
        let repeated = |shape: &Shape| {
            let text = render(&called, *shape)?;
            // A text that was written as JSON once more is not what was meant.
            (text.contains(VALUE) && !text.contains("\\\"zqkey")).then_some(text)
        };
        let shape = shapes.iter().find_map(|shape| Some((*shape, repeated(shape)?)));
        if let Some((shape, text)) = shape {
            abilities.calls = true;
            abilities.results = text.contains(RESULT);
            abilities.shape = shape;
        } else {
            // It may know the answers of tools and not their calls.
            let text = shapes.iter().find_map(|shape| render(&called, *shape));
            abilities.results = text.is_some_and(|text| text.contains(RESULT));
        }
        let mut thought = called.clone();
        for message in &mut thought.messages {
            if !message.tool_calls.is_empty() {
                message.thinking = Some("So.".to_owned());
                "I look.".clone_into(&mut message.content);
            }
        }
        abilities.shape.no_thoughts_with_calls =
            abilities.calls && render(&thought, abilities.shape).is_none();
        abilities
    }
}

fn tool() -> ToolSpec {
    ToolSpec {
        name: TOOL.to_owned(),
        description: "Does it.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"zqkey": {"type": "string", "description": "A word."}},
            "required": ["zqkey"],
        }),
    }
}

/// A conversation in which a tool was called and answered.
fn called() -> Chat {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: TOOL.to_owned(),
        arguments: json!({"zqkey": VALUE}),
    };
    let asked = Message { tool_calls: vec![call], ..Message::assistant("") };
    let messages = vec![Message::user("Hello"), asked, Message::tool("call_1", RESULT)];
    Chat { messages, tools: vec![tool()], thinking: None }
}
