use std::sync::Arc;

use mlxcode_base::{Diagnostic, ErrorKind};
use mlxcode_models::{
    Error, GenerateRequest, Generation, GenerationEvent, GenerationSender, LanguageModel,
    ModelInfo, Prompt, Result,
};

use super::relay::{Part, relay};
use super::routing::common;
use crate::error::ProviderError;
use crate::notice::{Notice, Observer};

/// Asks models in their order until one answers.
///
/// It moves on when a model fails before its first token: it is not there, it
/// is not allowed, it does not have what was asked, the prompt is too long for
/// it. A request that no model would take, and a cancel, end it; and so does
/// whatever happens after the first token. It says of itself what the first one
/// says, with the abilities that all have.
#[derive(Clone)]
pub struct Fallback {
    models: Arc<[Arc<dyn LanguageModel>]>,
    info: ModelInfo,
    observer: Observer,
}

impl std::fmt::Debug for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fallback").field("models", &self.info.name).finish_non_exhaustive()
    }
}

impl Fallback {
    /// Models in their order; `observer` hears when one is passed over.
    ///
    /// # Errors
    /// Without any.
    pub fn new(models: Vec<Arc<dyn LanguageModel>>, observer: Observer) -> Result<Self> {
        let mut info = common(&models, "the fallback")?;
        // The first one answers, as a rule; what it cannot hold may fit into
        // another, but nobody should count on it.
        info.context_length = models[0].info().context_length;
        info.name.clone_from(&models[0].info().name);
        Ok(Self { models: models.into(), info, observer })
    }
}

impl LanguageModel for Fallback {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.models[0].count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.models[0].count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let models = Arc::clone(&self.models);
        let observer = self.observer.clone();
        relay(request.cancel.clone(), move |sender| {
            if let Err(error) = ask(&models, &request, &sender, &observer) {
                sender.send(Err(error));
            }
        })
    }
}

fn ask(
    models: &[Arc<dyn LanguageModel>],
    request: &GenerateRequest,
    sender: &GenerationSender,
    observer: &Observer,
) -> Result<()> {
    let mut tried = Vec::new();
    for (at, model) in models.iter().enumerate() {
        let error = match hand_on(&**model, request, sender) {
            Ok(()) => return Ok(()),
            Err((error, spoke)) if spoke || !moves_on(&error) => return Err(error),
            Err((error, _)) => error,
        };
        tried.push((model.info().name.clone(), error.to_string()));
        let Some(next) = models.get(at + 1) else {
            // What one says is said as it is; of several, none is the reason.
            let all = || ProviderError::NoneAnswered { tried };
            return Err(if models.len() > 1 { all().into() } else { error });
        };
        observer.tell(&Notice::FellBack {
            from: model.info().name.clone(),
            to: next.info().name.clone(),
            reason: error.to_string(),
        });
    }
    Ok(())
}

/// Hands one answer on; tells of an error whether something came before it.
fn hand_on(
    model: &dyn LanguageModel,
    request: &GenerateRequest,
    sender: &GenerationSender,
) -> Result<(), (Error, bool)> {
    let mut spoke = false;
    // A start is held back: another model may make it.
    let mut started = None;
    for event in Part::of(model, request).map_err(|error| (error, false))? {
        match event {
            Ok(event @ GenerationEvent::Started { .. }) => started = Some(event),
            Ok(event) => {
                if let Some(started) = started.take() {
                    sender.send(Ok(started));
                }
                spoke = true;
                sender.send(Ok(event));
            }
            Err(error) => return Err((error, spoke)),
        }
    }
    Ok(())
}

/// Whether another model may do better.
fn moves_on(error: &Error) -> bool {
    another_may_answer(error.kind())
}

/// Whether a model that is asked next may do better where one failed with an
/// error of this kind.
pub fn another_may_answer(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Cancelled | ErrorKind::InvalidInput)
}
