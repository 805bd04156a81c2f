//! Models.

use std::path::PathBuf;

use mlxcode_core::{self as core, GenerateRequest, Prompt, Role, ScriptedModel};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::generation::Generation;
use crate::job::{Promise, run};
use crate::options::Options;

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

fn convert(prompt: Either<String, Vec<Message>>) -> core::Result<Prompt> {
    match prompt {
        Either::A(text) => Ok(Prompt::text(text)),
        Either::B(messages) => {
            let convert = |message: Message| {
                let role: Role = message.role.parse()?;
                Ok(core::Message::new(role, message.content))
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
