use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlxcode_models::Secret;
use mlxcode_models::hub::NetworkPolicy;

use crate::notice::Observer;

/// Where a provider is, and how it may be used. All of it comes from the
/// caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// What it is called, in errors.
    pub name: String,
    /// Its address, `https://…`; one of this machine may be `http://`.
    pub url: String,
    /// Its key, sent to this address only.
    pub key: Option<Secret>,
    /// The name of the secret that holds the key, for errors.
    pub key_name: String,
    /// Whether the network may be used. Offline, nothing is sent, and no name
    /// is looked up.
    pub network: NetworkPolicy,
    /// Whether an address of this machine may be asked although the network
    /// is switched off.
    pub loopback_offline: bool,
    /// A proxy, `http://host:port`, for what is not on this machine.
    pub proxy: Option<String>,
    /// Limits on time and length.
    pub limits: Limits,
    /// When to try again.
    pub retry: RetryOptions,
    /// What is known of the model, where the server does not tell.
    pub model: ModelOptions,
    /// Hears of retries and the like.
    pub observer: Observer,
}

impl ProviderOptions {
    /// A provider without a key.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            key_name: name.clone(),
            name,
            url: url.into(),
            key: None,
            network: NetworkPolicy::Allowed,
            loopback_offline: false,
            proxy: None,
            limits: Limits::default(),
            retry: RetryOptions::default(),
            model: ModelOptions::default(),
            observer: Observer::default(),
        }
    }

    /// Sets the key, and the name that its secret has.
    pub fn with_key(mut self, name: impl Into<String>, key: Option<Secret>) -> Self {
        self.key_name = name.into();
        self.key = key;
        self
    }
}

/// What the caller knows of a model; it goes before what a server tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelOptions {
    /// Tokens of prompt and answer together.
    pub context_length: Option<usize>,
    /// The most tokens of an answer where a request names no limit.
    pub max_tokens: Option<usize>,
    /// Whether it sees pictures.
    pub images: Option<bool>,
    /// Whether it can be told of tools.
    pub tools: Option<bool>,
    /// Whether it can be told to think.
    pub thinking: Option<bool>,
}

/// Limits on time and length.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a connection may take to be made. A server that is there
    /// takes less than a second.
    pub connect: Duration,
    /// How long the first byte may take: a server may load a model and read
    /// a long prompt first.
    pub first_byte: Duration,
    /// How long nothing at all may come in the middle of an answer.
    pub silence: Duration,
    /// How long nothing but signs of life may come.
    pub no_progress: Duration,
    /// The most bytes of an answer, all that frames it included.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(10),
            silence: Duration::from_mins(2),
            no_progress: Duration::from_mins(15),
            // A token comes in some 200 bytes of frame: 300,000 tokens.
            answer_bytes: 64 << 20,
        }
    }
}

/// How often and after what time a request is made again. That happens only
/// as long as nothing of an answer has come.
#[derive(Clone)]
#[non_exhaustive]
pub struct RetryOptions {
    /// Requests for one answer, the first included.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait of our own.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for; a longer one is an error.
    pub longest_asked_wait: Duration,
    /// Gives a number from 0 to below 1: how much of half a wait is added to
    /// the other half, so that many clients do not come back at once.
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Waits. It is called with short times, between which a request can be
    /// cancelled.
    pub sleep: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            longest_asked_wait: Duration::from_mins(1),
            random: Arc::new(random),
            sleep: Arc::new(std::thread::sleep),
        }
    }
}

impl fmt::Debug for RetryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryOptions")
            .field("attempts", &self.attempts)
            .field("first_wait", &self.first_wait)
            .field("longest_wait", &self.longest_wait)
            .finish_non_exhaustive()
    }
}

/// The standard library's maps have random keys; one of them is enough here.
fn random() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}
