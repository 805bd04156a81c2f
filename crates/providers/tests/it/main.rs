//! The providers against servers on this machine, which say what the public
//! documentation of each protocol shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests make the files they need, and read where a peer is"
)]

mod anthropic;
mod compose;
mod ollama;
mod openai;
mod peers;
mod server;
mod transport;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlxcode_models::{
    Chat, FinishReason, Finished, GenerateOptions, GenerateRequest, Generation, GenerationEvent,
    Image, Kept, LanguageModel, Message, Prompt, SamplingOptions, Secret, ToolCall, ToolSpec,
};
use mlxcode_providers::{Notice, Observer, ProviderOptions};
use serde_json::json;

/// What an answer came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) prompt_tokens: Option<usize>,
    pub(crate) text: String,
    pub(crate) thinking: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) kept: Option<Box<Kept>>,
    pub(crate) finished: Option<Finished>,
    pub(crate) error: Option<String>,
    pub(crate) code: Option<&'static str>,
    pub(crate) help: Option<String>,
}

impl Outcome {
    pub(crate) fn reason(&self) -> Option<FinishReason> {
        self.finished.as_ref().map(|finished| finished.reason)
    }

    pub(crate) fn usage(&self) -> (usize, usize) {
        let usage = self.finished.as_ref().unwrap().usage;
        (usage.prompt_tokens, usage.completion_tokens)
    }
}

pub(crate) fn read(generation: mlxcode_models::Result<Generation>) -> Outcome {
    let mut outcome = Outcome::default();
    let fail = |outcome: &mut Outcome, error: mlxcode_models::Error| {
        use mlxcode_base::Diagnostic;
        outcome.error = Some(error.to_string());
        outcome.code = Some(error.code());
        outcome.help = error.help();
    };
    let generation = match generation {
        Ok(generation) => generation,
        Err(error) => {
            fail(&mut outcome, error);
            return outcome;
        }
    };
    for event in generation {
        match event {
            Ok(GenerationEvent::Started { prompt_tokens }) => {
                assert_eq!(outcome.prompt_tokens.replace(prompt_tokens), None);
            }
            Ok(GenerationEvent::Token(token)) => outcome.text.push_str(&token.text),
            Ok(GenerationEvent::Thinking(text)) => outcome.thinking.push_str(&text),
            Ok(GenerationEvent::ToolCall(call)) => outcome.calls.push(call),
            Ok(GenerationEvent::Kept(kept)) => outcome.kept = Some(kept),
            Ok(GenerationEvent::Finished(finished)) => outcome.finished = Some(finished),
            Ok(_) => {}
            Err(error) => fail(&mut outcome, error),
        }
    }
    outcome
}

pub(crate) fn ask(model: &dyn LanguageModel) -> Outcome {
    read(model.generate(request(Prompt::messages([Message::user("Hello")]))))
}

pub(crate) fn request(prompt: Prompt) -> GenerateRequest {
    GenerateRequest::new(prompt)
}

pub(crate) type Told = Arc<Mutex<Vec<Notice>>>;

/// Options for a server: no wait takes time, and notices are kept.
pub(crate) fn options(url: &str) -> (ProviderOptions, Told) {
    let told = Told::default();
    let hear = Arc::clone(&told);
    let key = Secret::new("sk-test-0123456789".to_owned()).unwrap();
    let mut options = ProviderOptions::new("test", url).with_key("test-key", Some(key));
    options.retry.sleep = Arc::new(|_| {});
    options.retry.random = Arc::new(|| 0.5);
    options.observer = Observer::new(move |notice| hear.lock().unwrap().push(notice.clone()));
    (options, told)
}

/// Limits that a test can wait for.
pub(crate) fn short(options: &mut ProviderOptions) {
    options.limits.silence = Duration::from_millis(150);
    options.limits.no_progress = Duration::from_millis(300);
    options.limits.first_byte = Duration::from_millis(200);
}

pub(crate) fn picture() -> Image {
    Image { media_type: "image/png".to_owned(), base64: "iVBORw0KGgo=".to_owned() }
}

/// A conversation with everything in it.
pub(crate) fn conversation() -> Prompt {
    let mut look = Message::user("What is in this picture?");
    look.images.push(picture());
    let call = |id: &str, path: &str| ToolCall {
        id: id.to_owned(),
        name: "read".to_owned(),
        arguments: json!({"path": path}),
    };
    let mut calls = Message::assistant("I look.");
    calls.thinking = Some("Two files.".to_owned());
    calls.tool_calls = vec![call("call_1", "a.rs"), call("call_2", "b.rs")];
    let mut malformed = Message::assistant("");
    malformed.tool_calls = vec![ToolCall { arguments: json!("{\"path\": "), ..call("call_3", "") }];
    Prompt::Chat(Chat {
        messages: vec![
            Message::system("Be brief."),
            look,
            calls,
            Message::tool("call_1", "fn a() {}"),
            Message::tool("call_2", "fn b() {}"),
            malformed,
            Message::tool("call_3", "the arguments are no JSON"),
        ],
        tools: vec![ToolSpec {
            name: "read".to_owned(),
            description: "Reads a file.".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {"path": {"type": "string"}},
                "required": ["path"],
            }),
        }],
        thinking: Some(true),
    })
}

/// Options with everything in them.
pub(crate) fn all_options() -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(256),
        sampling: SamplingOptions {
            temperature: 0.7,
            top_k: 20,
            top_p: 0.8,
            min_p: 0.05,
            repeat_penalty: 1.1,
            presence_penalty: 0.5,
            frequency_penalty: 0.25,
            penalty_window: Some(32),
            logit_bias: [(7, f32::NEG_INFINITY), (9, 1.5)].into(),
            seed: 42,
            ..SamplingOptions::default()
        },
        stop: ["</s>", "\n\n", "a", "b", "c"].map(str::to_owned).to_vec(),
    }
}
