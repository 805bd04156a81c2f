use mlxcode_base::{Diagnostic, ErrorKind};
use thiserror::Error;

/// What can go wrong with a model that runs elsewhere.
///
/// No text here holds a key, or the name and password of an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The network may not be used.
    #[error("{provider} is at {host}, and the network is switched off")]
    Offline {
        /// What the provider is called.
        provider: String,
        /// Where it is.
        host: String,
    },
    /// The address cannot be used.
    #[error("the address {url} of {provider} {reason}")]
    BadUrl {
        /// What the provider is called.
        provider: String,
        /// The address, without what may be a secret in it.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key cannot be sent.
    #[error("the key {key} of {provider} holds characters that no key has")]
    BadKey {
        /// What the provider is called.
        provider: String,
        /// The secret's name, never the secret.
        key: String,
    },
    /// Nobody answers.
    #[error("{provider} at {host} cannot be reached: {reason}")]
    Unreachable {
        /// What the provider is called.
        provider: String,
        /// Where it should be.
        host: String,
        /// What happened.
        reason: String,
    },
    /// It was silent for too long.
    #[error("{provider} at {host} {what} for {seconds} s")]
    Silent {
        /// What the provider is called.
        provider: String,
        /// Where it is.
        host: String,
        /// What it did not do.
        what: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// The key is missing or wrong.
    #[error("{provider} at {host} {}{}", if *sent { "does not take the key" } else { "wants a key" }, told(said))]
    Unauthorized {
        /// What the provider is called.
        provider: String,
        /// Where it is.
        host: String,
        /// The name of the secret that holds its key.
        key: String,
        /// Whether a key was sent.
        sent: bool,
        /// The server's own words.
        said: String,
    },
    /// It has no such model.
    #[error("{provider} has no model called {model}{}", told(said))]
    NoSuchModel {
        /// What the provider is called.
        provider: String,
        /// The model asked for.
        model: String,
        /// Models of it that are called alike.
        near: Vec<String>,
        /// The server's own words.
        said: String,
    },
    /// It asks to wait longer than anybody would.
    #[error("{provider} takes no more requests{}{}", wait_s.map(|s| format!(" for {s} s")).unwrap_or_default(), told(said))]
    RateLimited {
        /// What the provider is called.
        provider: String,
        /// How long it asks to wait, where it says so.
        wait_s: Option<u64>,
        /// The server's own words.
        said: String,
    },
    /// It cannot answer now.
    #[error("{provider} failed with status {status}{}", told(said))]
    Failed {
        /// What the provider is called.
        provider: String,
        /// The status, or the one that stands for what it said in its answer.
        status: u16,
        /// The server's own words.
        said: String,
    },
    /// It does not take the request.
    #[error("{provider} refuses the request with status {status}{}", told(said))]
    Refused {
        /// What the provider is called.
        provider: String,
        /// The status.
        status: u16,
        /// The server's own words.
        said: String,
    },
    /// The prompt does not fit.
    #[error("the prompt is too long for {model} of {provider}{}", told(said))]
    PromptTooLong {
        /// What the provider is called.
        provider: String,
        /// The model.
        model: String,
        /// The server's own words.
        said: String,
    },
    /// What it answers makes no sense.
    #[error("{provider} gives an answer that cannot be read: {reason}")]
    BadAnswer {
        /// What the provider is called.
        provider: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A line, an event or an answer is longer than anything sensible.
    #[error("{what} of the answer has more than {most_bytes} bytes")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The limit.
        most_bytes: usize,
    },
    /// The connection ended before the answer did.
    #[error("{provider} broke off in the middle of its answer")]
    BrokenOff {
        /// What the provider is called.
        provider: String,
    },
    /// It cannot do what is asked.
    #[error("{provider} cannot take {what}")]
    Unsupported {
        /// What the provider is called.
        provider: String,
        /// What was asked.
        what: &'static str,
    },
    /// A composition of models has none.
    #[error("{what} has no model")]
    NoModel {
        /// What it is, such as `the fallback`.
        what: &'static str,
    },
    /// No model of several answered.
    #[error("no model answered: {}", tried.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "))]
    NoneAnswered {
        /// Each with the reason, in the order in which they were asked.
        tried: Vec<(String, String)>,
    },
    /// The cache of answers cannot be used.
    #[error("the cache of answers cannot be used: {reason}")]
    Cache {
        /// What the database said.
        reason: String,
    },
}

/// The server's words, where it said any.
fn told(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl Diagnostic for ProviderError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Offline { .. } | Self::Unauthorized { .. } => ErrorKind::PermissionDenied,
            Self::BadUrl { .. }
            | Self::BadKey { .. }
            | Self::Refused { .. }
            | Self::NoModel { .. } => ErrorKind::InvalidInput,
            Self::Unreachable { .. }
            | Self::RateLimited { .. }
            | Self::Failed { .. }
            | Self::BrokenOff { .. }
            | Self::NoneAnswered { .. }
            | Self::Cache { .. } => ErrorKind::Unavailable,
            Self::Silent { .. } => ErrorKind::Timeout,
            Self::NoSuchModel { .. } => ErrorKind::NotFound,
            Self::PromptTooLong { .. } | Self::TooLong { .. } => ErrorKind::ResourceExhausted,
            Self::BadAnswer { .. } => ErrorKind::Corrupt,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Offline { .. } => "providers.offline",
            Self::BadUrl { .. } => "providers.bad_url",
            Self::BadKey { .. } => "providers.bad_key",
            Self::Unreachable { .. } => "providers.unreachable",
            Self::Silent { .. } => "providers.silent",
            Self::Unauthorized { .. } => "providers.unauthorized",
            Self::NoSuchModel { .. } => "providers.no_such_model",
            Self::RateLimited { .. } => "providers.rate_limited",
            Self::Failed { .. } => "providers.failed",
            Self::Refused { .. } => "providers.refused",
            Self::PromptTooLong { .. } => "providers.prompt_too_long",
            Self::BadAnswer { .. } => "providers.bad_answer",
            Self::TooLong { .. } => "providers.too_long",
            Self::BrokenOff { .. } => "providers.broken_off",
            Self::Unsupported { .. } => "providers.unsupported",
            Self::NoModel { .. } => "providers.no_model",
            Self::NoneAnswered { .. } => "providers.none_answered",
            Self::Cache { .. } => "providers.cache",
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Offline { .. } => {
                "use a model that is installed here, or set `offline` to false".to_owned()
            }
            Self::BadUrl { .. } => {
                "write an address such as `https://host/v1`; `http://` is for this machine alone, \
                 and a key goes into the secrets"
                    .to_owned()
            }
            Self::BadKey { key, .. } => format!("`mlx-code secret set {key}` keeps another one"),
            Self::Unauthorized { key, .. } => {
                format!("`mlx-code secret set {key}` keeps the key that it takes")
            }
            Self::Unreachable { host, .. } if is_local(host) => {
                format!("is the server running? It should listen on {host}")
            }
            Self::Unreachable { .. } => "check the address and the network".to_owned(),
            Self::Silent { .. } => "try again, or ask for a shorter answer".to_owned(),
            Self::NoSuchModel { near, .. } if near.is_empty() => {
                "ask the provider which models it has".to_owned()
            }
            Self::NoSuchModel { near, .. } => format!("it has {}", near.join(", ")),
            Self::RateLimited { .. } | Self::Failed { .. } => {
                "try again later, or name another model".to_owned()
            }
            Self::Refused { .. } | Self::Unsupported { .. } => {
                "name another model, or ask for less".to_owned()
            }
            Self::PromptTooLong { .. } => {
                "shorten the prompt or use a model with a longer context".to_owned()
            }
            Self::BadAnswer { .. } | Self::TooLong { .. } => {
                "check that the address is that of a server of the kind that is configured"
                    .to_owned()
            }
            Self::BrokenOff { .. } => "ask again".to_owned(),
            Self::NoModel { .. } => "name at least one".to_owned(),
            Self::NoneAnswered { .. } => {
                "mend the first one's trouble, or name a model that is installed here".to_owned()
            }
            Self::Cache { .. } => "remove its file; it is only a cache".to_owned(),
        };
        Some(text)
    }
}

fn is_local(host: &str) -> bool {
    ["localhost", "127.", "[::1]"].iter().any(|local| host.starts_with(local))
}

impl From<ProviderError> for mlxcode_models::Error {
    fn from(error: ProviderError) -> Self {
        Self::Engine { source: mlxcode_base::BoxDiagnostic::new(error) }
    }
}
