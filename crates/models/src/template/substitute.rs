//! Says in words what a template cannot lay out: tools, calls and answers in
//! the notation of Hermes, instructions in front of the first question.

use std::fmt::Write as _;

use serde_json::json;

use super::abilities::Abilities;
use super::chat::of_tool;
use crate::chat::{Chat, Message, Role};

/// The conversation with words for everything that the template leaves out.
pub fn substituted(chat: &Chat, abilities: Abilities) -> Chat {
    let mut chat = chat.clone();
    if !chat.tools.is_empty() && !abilities.tools {
        let text = told(&chat);
        chat.tools.clear();
        match chat.messages.first_mut() {
            Some(first) if first.role == Role::System => {
                let _ = write!(first.content, "\n\n{text}");
            }
            _ => chat.messages.insert(0, Message::system(text)),
        }
    }
    if !abilities.calls {
        chat.messages.iter_mut().for_each(write_calls);
    }
    if !abilities.results {
        chat.messages = with_answers_said(chat.messages);
    }
    if !abilities.system {
        chat.messages = without_system(chat.messages);
    }
    chat
}

/// Tells of the tools as Hermes's models are told.
fn told(chat: &Chat) -> String {
    let mut text = "You may call tools. These are their signatures:\n<tools>".to_owned();
    for tool in &chat.tools {
        let _ = write!(text, "\n{}", of_tool(tool));
    }
    text + "\n</tools>\nFor each call, write a JSON object with its name and arguments \
            between these tags, and then wait for the answer:\n\
            <tool_call>\n{\"name\": \"the tool's name\", \"arguments\": {}}\n</tool_call>"
}

/// Several calls of a message one after the other, each before its answer.
pub fn with_single_calls(chat: &Chat) -> Chat {
    let mut messages: Vec<Message> = Vec::with_capacity(chat.messages.len());
    let answers = || chat.messages.iter().filter(|message| message.role == Role::Tool);
    let mut taken = Vec::new();
    for message in &chat.messages {
        if message.tool_calls.len() < 2 {
            let is_taken = |id: &String| taken.contains(id);
            if !message.tool_call_id.as_ref().is_some_and(is_taken) {
                messages.push(message.clone());
            }
            continue;
        }
        for (number, call) in message.tool_calls.iter().enumerate() {
            let mut one = message.clone();
            one.tool_calls = vec![call.clone()];
            if number > 0 {
                one.content.clear();
                one.thinking = None;
            }
            messages.push(one);
            let is_answer = |answer: &&Message| answer.tool_call_id.as_ref() == Some(&call.id);
            if let Some(answer) = answers().find(is_answer) {
                messages.push(answer.clone());
                taken.push(call.id.clone());
            }
        }
    }
    Chat { messages, ..chat.clone() }
}

/// What a person says right behind an answer of a tool, or behind something
/// that a person said, at the end of that.
pub fn by_turns(chat: &Chat) -> Chat {
    let mut messages: Vec<Message> = Vec::with_capacity(chat.messages.len());
    for message in &chat.messages {
        match messages.last_mut() {
            Some(last)
                if message.role == Role::User && matches!(last.role, Role::User | Role::Tool) =>
            {
                let _ = write!(last.content, "\n\n{}", message.content);
                last.images.extend(message.images.iter().cloned());
            }
            _ => messages.push(message.clone()),
        }
    }
    Chat { messages, ..chat.clone() }
}

fn write_calls(message: &mut Message) {
    for call in std::mem::take(&mut message.tool_calls) {
        if !message.content.is_empty() {
            message.content.push('\n');
        }
        let json = json!({"name": call.name, "arguments": call.arguments});
        let _ = write!(message.content, "<tool_call>\n{json}\n</tool_call>");
    }
}

/// Answers of tools as words of the person, those in a row in one message.
fn with_answers_said(messages: Vec<Message>) -> Vec<Message> {
    let mut all: Vec<Message> = Vec::with_capacity(messages.len());
    let mut was_answer = false;
    for message in messages {
        let is_answer = message.role == Role::Tool;
        if !is_answer {
            was_answer = false;
            all.push(message);
            continue;
        }
        let text = format!("<tool_response>\n{}\n</tool_response>", message.content);
        match all.last_mut() {
            Some(last) if was_answer => {
                let _ = write!(last.content, "\n{text}");
            }
            _ => all.push(Message::user(text)),
        }
        was_answer = true;
    }
    all
}

/// The instructions in front of the first question.
pub fn without_system(messages: Vec<Message>) -> Vec<Message> {
    let mut messages = messages;
    if let [system, user, ..] = messages.as_mut_slice()
        && system.role == Role::System
        && user.role == Role::User
    {
        user.content = format!("{}\n\n{}", system.content, user.content);
        messages.remove(0);
    }
    messages
}
