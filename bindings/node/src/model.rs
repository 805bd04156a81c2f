//! Models and bare generation.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mlxcode_core::{
    self as core, CancelToken, GenerateOptions, GenerateRequest, Prompt, Role, SamplingOptions,
    ScriptedModel,
};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::job::{Promise, run};
use crate::record::{Finished, Token};

/// A model that is ready to answer.
#[napi]
pub struct Model(pub(crate) core::Model);

/// One message of a conversation.
#[napi(object)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// How to generate. What is left out takes the library's default.
#[napi(object)]
#[derive(Default)]
pub struct Options {
    /// The most tokens to generate.
    pub max_tokens: Option<u32>,
    /// 0 takes the most likely token always.
    pub temperature: Option<f64>,
    /// Keeps the most likely tokens whose probabilities reach this sum.
    pub top_p: Option<f64>,
    /// Keeps the K most likely tokens; 0 keeps all.
    pub top_k: Option<u32>,
    /// Keeps tokens at least this likely relative to the best.
    pub min_p: Option<f64>,
    /// Makes tokens that were seen less likely; 1 is off.
    pub repeat_penalty: Option<f64>,
    /// The same seed gives the same text.
    pub seed: Option<u32>,
    /// Texts that end the answer.
    pub stop: Option<Vec<String>>,
}

impl Options {
    fn convert(self) -> GenerateOptions {
        let base = GenerateOptions::default();
        let or = |given: Option<f64>, default: f32| given.map_or(default, |value| value as f32);
        let sampling = SamplingOptions {
            temperature: or(self.temperature, base.sampling.temperature),
            top_p: or(self.top_p, base.sampling.top_p),
            top_k: self.top_k.map_or(base.sampling.top_k, |k| k as usize),
            min_p: or(self.min_p, base.sampling.min_p),
            repeat_penalty: or(self.repeat_penalty, base.sampling.repeat_penalty),
            seed: self.seed.map_or(base.sampling.seed, u64::from),
            ..base.sampling
        };
        GenerateOptions {
            max_tokens: self.max_tokens.map(|n| n as usize).or(base.max_tokens),
            sampling,
            stop: self.stop.unwrap_or(base.stop),
        }
    }
}

fn convert(prompt: Either<String, Vec<Message>>) -> core::Result<Prompt> {
    match prompt {
        Either::A(text) => Ok(Prompt::text(text)),
        Either::B(messages) => {
            let convert = |message: Message| {
                let role: Role = message.role.parse()?;
                Ok(core::Message { role, content: message.content })
            };
            let messages: core::Result<Vec<_>> = messages.into_iter().map(convert).collect();
            Ok(Prompt::messages(messages?))
        }
    }
}

#[napi]
impl Model {
    /// Checks and loads a GGUF file, or a folder with config.json,
    /// tokenizer.json and safetensors.
    #[napi(ts_return_type = "Promise<Model>")]
    pub fn load(path: String) -> Promise<core::Model, Model> {
        run(move || core::Model::load(&PathBuf::from(path)), Model)
    }

    /// A model that answers with these replies, one a request: for tests.
    #[napi(factory)]
    pub fn scripted(replies: Vec<String>) -> Self {
        Self(core::Model::new(ScriptedModel::new(replies)))
    }

    /// The model's name.
    #[napi(getter)]
    pub fn name(&self) -> String {
        self.0.info().name.clone()
    }

    /// The architecture, such as `qwen2`.
    #[napi(getter)]
    pub fn architecture(&self) -> String {
        self.0.info().architecture.clone()
    }

    /// How many tokens prompt and answer may take together.
    #[napi(getter)]
    pub fn context_length(&self) -> u32 {
        self.0.info().context_length as u32
    }

    /// Counts the tokens of a text or a conversation, chat template included.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn count_tokens(&self, prompt: Either<String, Vec<Message>>) -> Promise<usize, u32> {
        let model = self.0.clone();
        run(move || model.count_tokens(&convert(prompt)?), |tokens| tokens as u32)
    }

    /// Continues a text, or answers a conversation.
    #[napi(ts_return_type = "Promise<Generation>")]
    pub fn generate(
        &self,
        prompt: Either<String, Vec<Message>>,
        options: Option<Options>,
    ) -> Promise<core::Generation, Generation> {
        let model = self.0.clone();
        let start = move || {
            let options = options.unwrap_or_default().convert();
            model.generate(GenerateRequest::new(convert(prompt)?).with_options(options))
        };
        run(start, Generation::new)
    }
}

/// A running generation: an async iterable over its tokens.
#[napi]
pub struct Generation {
    running: Arc<Mutex<core::Generation>>,
    /// What the event loop may read while another thread holds the rest.
    finished: Arc<OnceLock<core::Finished>>,
    cancel: CancelToken,
}

#[napi]
impl Generation {
    /// The next token; `null` at the end.
    #[napi(ts_return_type = "Promise<Token | null>")]
    pub fn next(&self) -> Promise<Option<core::Token>, Option<Token>> {
        let next = self.reading(|running| running.next_token().transpose());
        run(next, |token| token.map(|token| Token { id: token.id, text: token.text }))
    }

    /// Reads to the end and gives the text of all tokens that remain.
    #[napi(ts_return_type = "Promise<string>")]
    pub fn read(&self) -> Promise<String, String> {
        run(self.reading(core::Generation::read_to_end), |text| text)
    }

    /// Ends the generation within one token.
    #[napi]
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// How it ended; `null` while it runs.
    #[napi(getter)]
    pub fn finished(&self) -> Option<Finished> {
        self.finished.get().map(Finished::from)
    }
}

impl Generation {
    fn new(running: core::Generation) -> Self {
        let cancel = running.cancel_token();
        Self { running: Arc::new(Mutex::new(running)), finished: Arc::default(), cancel }
    }

    /// Work for another thread, which notes the end.
    fn reading<T, R>(&self, read: R) -> impl FnOnce() -> core::Result<T> + use<T, R>
    where
        R: FnOnce(&mut core::Generation) -> core::Result<T>,
    {
        let (running, finished) = (Arc::clone(&self.running), Arc::clone(&self.finished));
        move || {
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            let value = read(&mut running);
            if let Some(end) = running.finished() {
                finished.get_or_init(|| end.clone());
            }
            value
        }
    }
}
