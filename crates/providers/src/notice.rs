use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What happens behind an answer and is no part of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A request failed and is made again after a wait.
    Retrying {
        /// What the provider is called.
        provider: String,
        /// Why, in a sentence.
        reason: String,
        /// How long is waited.
        wait: Duration,
    },
    /// A model was not available; the next one is asked.
    FellBack {
        /// The model that failed.
        from: String,
        /// The one that is asked now.
        to: String,
        /// Why, in a sentence.
        reason: String,
    },
    /// What the server counts beyond the prompt and the answer.
    Counted {
        /// What the provider is called.
        provider: String,
        /// The counts.
        details: UsageDetails,
    },
    /// The server does not know an option; it is left out from now on.
    LeftOut {
        /// What the provider is called.
        provider: String,
        /// The option's name on the wire.
        option: String,
    },
    /// The answer was kept from before; no model ran.
    FromCache,
    /// A prompt was so long, or so short, that a rule chose another model than
    /// the usual one.
    Chosen {
        /// The model.
        model: String,
        /// The tokens of the prompt.
        tokens: usize,
    },
    /// One answer of several was taken.
    Judged {
        /// How many there were.
        answers: usize,
        /// How many were asked for; the others failed.
        asked: usize,
        /// How many of the best said the same.
        alike: usize,
        /// The score of the best.
        score: f64,
    },
}

/// Tokens that a server counts apart. They are contained in the usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageDetails {
    /// Tokens of the prompt that the server had kept.
    pub cache_read_tokens: usize,
    /// Tokens of the prompt that the server keeps from now on.
    pub cache_written_tokens: usize,
    /// Tokens of the answer that are thinking.
    pub thinking_tokens: usize,
}

/// Hears of notices. It is called on the threads that work, so it should be
/// quick.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Hear>>);

type Hear = dyn Fn(&Notice) + Send + Sync;

impl Observer {
    /// An observer that calls `hear`.
    pub fn new(hear: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hear)))
    }

    /// Tells.
    pub fn tell(&self, notice: &Notice) {
        if let Some(hear) = &self.0 {
            hear(notice);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "no observer" })
    }
}
