//! Between a model and whoever reads it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Builder, Thread, current, park_timeout};
use std::time::Duration;

use futures_core::Stream;
use mlxcode_base::CancelToken;
use mlxcode_models::{
    Error, GenerateRequest, Generation, GenerationEvent, GenerationSender, LanguageModel, Result,
    generation_channel,
};

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// Makes a generation that `work` fills on a thread of its own.
pub fn relay(
    cancel: CancelToken,
    work: impl FnOnce(GenerationSender) + Send + 'static,
) -> Result<Generation> {
    let (sender, generation) = generation_channel(cancel);
    let thread = Builder::new().name("mlx-code relay".to_owned());
    thread.spawn(move || work(sender)).map_err(|_| Error::EngineStopped)?;
    Ok(generation)
}

/// One of several answers to a request.
///
/// It has a cancel of its own, since a generation cancels when it is dropped,
/// and the others shall go on; whoever cancels the request cancels it too.
pub struct Part {
    generation: Generation,
    own: CancelToken,
    request: CancelToken,
    waker: Waker,
}

impl Part {
    /// Asks a model.
    pub fn of(model: &dyn LanguageModel, request: &GenerateRequest) -> Result<Self> {
        let own = CancelToken::new();
        let generation = model.generate(request.clone().with_cancel(own.clone()))?;
        let waker = Waker::from(Arc::new(Unpark(current())));
        Ok(Self { generation, own, request: request.cancel.clone(), waker })
    }
}

impl Iterator for Part {
    type Item = Result<GenerationEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.request.is_cancelled() {
                self.own.cancel();
            }
            let mut context = Context::from_waker(&self.waker);
            match Pin::new(&mut self.generation).poll_next(&mut context) {
                Poll::Ready(event) => return event,
                Poll::Pending => park_timeout(POLL),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
