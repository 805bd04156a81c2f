use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::chat::{Message, Prompt};
use crate::error::{Error, Result};
use crate::generation::{
    FinishReason, Finished, Generation, GenerationEvent, Timings, Token, Usage, generation_channel,
};
use crate::language_model::{GenerateRequest, LanguageModel, ModelInfo};

/// A deterministic model that answers from a list of replies.
///
/// It counts words and runs of white space as tokens, streams its replies
/// token by token, honours stop texts, limits and cancellation, and keeps the
/// prompts that it was given, so that whole conversations can be tested
/// without weights.
#[derive(Debug)]
pub struct ScriptedModel {
    info: ModelInfo,
    replies: Mutex<VecDeque<String>>,
    prompts: Mutex<Vec<Prompt>>,
}

impl ScriptedModel {
    /// Makes a model with a context of 8192 tokens that gives `replies` in turn.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(replies: I) -> Self {
        Self {
            info: ModelInfo::new("scripted", 8192),
            replies: Mutex::new(replies.into_iter().map(Into::into).collect()),
            prompts: Mutex::default(),
        }
    }

    /// Sets its name, which is `scripted` else.
    pub fn with_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.info.name);
        self
    }

    /// Sets the context length in tokens.
    pub fn with_context_length(mut self, tokens: usize) -> Self {
        self.info.context_length = tokens;
        self
    }

    /// Makes it a model that can be told of tools.
    pub fn with_tools(mut self) -> Self {
        self.info.tools = true;
        self
    }

    /// Makes it a model that is known to call tools well.
    pub fn good_at_tools(mut self) -> Self {
        self.info.good_at_tools = Some(true);
        self.with_tools()
    }

    /// The prompts given so far, oldest first.
    pub fn prompts(&self) -> Vec<Prompt> {
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LanguageModel for ScriptedModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        Ok(match prompt {
            Prompt::Text(text) => split(text).count(),
            Prompt::Chat(chat) => chat.messages.iter().map(tokens_of).sum(),
        })
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let prompt_tokens = self.count_tokens(&request.prompt)?;
        if prompt_tokens >= self.info.context_length {
            let context_length = self.info.context_length;
            return Err(Error::PromptTooLong { prompt_tokens, context_length });
        }
        let room = self.info.context_length - prompt_tokens;
        let limit = request.options.max_tokens.unwrap_or(room).min(room);
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = replies.pop_front().ok_or(Error::ScriptExhausted)?;
        drop(replies);
        self.prompts.lock().unwrap_or_else(PoisonError::into_inner).push(request.prompt);

        let stop = request.options.stop.iter().filter(|stop| !stop.is_empty());
        let end = stop.filter_map(|stop| reply.find(stop)).min().unwrap_or(reply.len());
        let (sender, generation) = generation_channel(request.cancel);
        sender.send(Ok(GenerationEvent::Started { prompt_tokens }));
        let mut usage = Usage { prompt_tokens, completion_tokens: 0 };
        let mut reason = FinishReason::Stop;
        for (id, text) in (0..).zip(split(&reply[..end])) {
            if sender.is_cancelled() {
                reason = FinishReason::Cancelled;
                break;
            }
            if usage.completion_tokens == limit {
                reason = FinishReason::Length;
                break;
            }
            usage.completion_tokens += 1;
            sender.send(Ok(GenerationEvent::Token(Token::new(id, text))));
        }
        let timings = Timings::default();
        sender.send(Ok(GenerationEvent::Finished(Finished { reason, usage, timings })));
        Ok(generation)
    }
}

/// One token for the role, and those of all that is said.
fn tokens_of(message: &Message) -> usize {
    let calls = message.tool_calls.iter();
    let calls: usize = calls.map(|call| 1 + split(&call.arguments.to_string()).count()).sum();
    1 + split(&message.content).count() + calls
}

/// Splits into words and runs of white space; the parts join to the whole.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.chars().next()?.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != space).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language_model::GenerateOptions;

    #[test]
    fn replies_in_turn_and_then_has_none() {
        let model = ScriptedModel::new(["one two", "three"]);
        let ask = || model.generate(GenerateRequest::new(Prompt::text("go")));
        assert_eq!(ask().unwrap().text().unwrap(), "one two");
        assert_eq!(ask().unwrap().text().unwrap(), "three");
        assert!(matches!(ask(), Err(Error::ScriptExhausted)));
        assert_eq!(model.prompts().len(), 2);
    }

    #[test]
    fn honours_stop_texts_and_limits() {
        let check = |stop: &[&str], max_tokens, expect: &str, reason| {
            let model = ScriptedModel::new(["a b c"]);
            let stop = stop.iter().map(ToString::to_string).collect();
            let options = GenerateOptions { max_tokens, stop, ..GenerateOptions::default() };
            let request = GenerateRequest::new(Prompt::text("go")).with_options(options);
            let events: Vec<_> = model.generate(request).unwrap().map(Result::unwrap).collect();
            let text: String = events
                .iter()
                .filter_map(|event| match event {
                    GenerationEvent::Token(token) => Some(token.text.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(text, expect);
            let Some(GenerationEvent::Finished(finished)) = events.last() else { panic!() };
            assert_eq!(finished.reason, reason);
        };
        check(&[], None, "a b c", FinishReason::Stop);
        check(&["b"], None, "a ", FinishReason::Stop);
        check(&[], Some(3), "a b", FinishReason::Length);
    }

    #[test]
    fn refuses_a_prompt_without_room() {
        let model = ScriptedModel::new(["x"]).with_context_length(3);
        let request = GenerateRequest::new(Prompt::text("a b"));
        assert!(matches!(model.generate(request), Err(Error::PromptTooLong { .. })));
    }
}
