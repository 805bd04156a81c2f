use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_models::{
    Error, FinishReason, Finished, GenerateRequest, Generation, GenerationEvent, LanguageModel,
    ModelInfo, Prompt, Result, Timings, Usage,
};

use super::relay::{Part, relay};

/// How long a cancel may go unnoticed by who waits for somebody else's opening.
const POLL: Duration = Duration::from_millis(20);

/// Opens a model, as long as whoever asked for it has not cancelled.
pub type Open = Arc<dyn Fn(&CancelToken) -> Result<Arc<dyn LanguageModel>> + Send + Sync>;

/// A model that is opened when it is first asked: it takes no memory, and its
/// server hears of nothing, until then.
///
/// What it says of itself is what its maker said. Where it cannot be opened,
/// that is the error of the request, and the next request tries again. Who asks
/// meanwhile waits until it is there, or until they cancel.
#[derive(Clone)]
pub struct Deferred {
    info: ModelInfo,
    open: Open,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Opening,
    Open(Arc<dyn LanguageModel>),
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever opens the model; the next one may try where this one does not come
/// to an end.
struct Opening<'s>(&'s Shared);

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if matches!(*state, State::Opening) {
            *state = State::Closed;
        }
        drop(state);
        self.0.changed.notify_all();
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").field("name", &self.info.name).finish_non_exhaustive()
    }
}

impl Deferred {
    /// A model that `open` opens, of which `info` is said meanwhile.
    pub fn new(info: ModelInfo, open: Open) -> Self {
        Self { info, open, shared: Arc::default() }
    }

    fn opened(&self) -> Option<Arc<dyn LanguageModel>> {
        match &*self.shared.state() {
            State::Open(model) => Some(Arc::clone(model)),
            State::Closed | State::Opening => None,
        }
    }

    fn model(&self, cancel: &CancelToken) -> Result<Arc<dyn LanguageModel>> {
        let mut state = self.shared.state();
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            match &*state {
                State::Open(model) => return Ok(Arc::clone(model)),
                State::Closed => break,
                State::Opening => {}
            }
            let waited = self.shared.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *state = State::Opening;
        drop(state);
        let opening = Opening(&self.shared);
        let model = (self.open)(cancel)?;
        *self.shared.state() = State::Open(Arc::clone(&model));
        drop(opening);
        Ok(model)
    }
}

impl LanguageModel for Deferred {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.model(&CancelToken::new())?.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.model(&CancelToken::new())?.count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        if let Some(model) = self.opened() {
            return model.generate(request);
        }
        // Loading takes its time, in which a cancel has to be heard.
        let deferred = self.clone();
        relay(request.cancel.clone(), move |sender| {
            let model = deferred.model(&request.cancel);
            match model.and_then(|model| Part::of(&*model, &request)) {
                Ok(part) => part.for_each(|event| sender.send(event)),
                Err(_) if request.cancel.is_cancelled() => {
                    let (usage, timings) = (Usage::default(), Timings::default());
                    let finished = Finished { reason: FinishReason::Cancelled, usage, timings };
                    sender.send(Ok(GenerationEvent::Finished(finished)));
                }
                Err(error) => sender.send(Err(error)),
            }
        })
    }
}
