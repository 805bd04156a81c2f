use std::collections::BTreeMap;

use mlxcode_base::{Diagnostic, ErrorKind};
use mlxcode_models::hub::NetworkPolicy;
use mlxcode_models::{ModelInfo, Secret, SecretName};
use mlxcode_providers::{
    AnthropicModel, Observer, OllamaModel, OllamaOptions, OpenAiModel, ProviderOptions, is_loopback,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::Config;
use crate::error::Result;
use crate::model::Model;

/// The provider that needs no configuration: it is on this machine.
const OLLAMA: &str = "ollama";

/// The most bytes of a provider's name; a secret's name has as many.
const NAME_BYTES: usize = 64;

/// A server that runs models, as a configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The protocol that it speaks.
    pub kind: ProviderKind,
    /// Its address, `https://…`; one of this machine may be `http://…`. Without
    /// one it is that of who made the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The name of the secret that is its key; without one, the secret that is
    /// called like the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is known of its models, by their names; others may be used too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, RemoteModelConfig>,
    /// How long Ollama keeps a model loaded, such as `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<String>,
}

/// The protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// That of OpenAI, which many speak.
    OpenAi,
    /// That of Anthropic.
    Anthropic,
    /// That of Ollama.
    Ollama,
}

impl ProviderKind {
    /// Its name, as a configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }
}

/// What is known of a remote model; it goes before what its server tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteModelConfig {
    /// Tokens of prompt and answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_length: Option<usize>,
    /// The most tokens of an answer where a question names no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// Whether it sees pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<bool>,
    /// Whether it can be told of tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Whether it can be told to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<bool>,
}

/// Why a remote model cannot be named.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// An address that is not of this machine.
    #[error("{host} is not this machine")]
    NotLoopback {
        /// The host.
        host: String,
    },
    /// An address without a model, of a server that has several, or none.
    #[error("the server at {host} has {}", if names.is_empty() { "no model".to_owned() } else { format!("several models: {}", names.join(", ")) })]
    NoModelNamed {
        /// The host.
        host: String,
        /// Their names.
        names: Vec<String>,
    },
    /// A provider without an address that needs one.
    #[error("the provider {provider} has no address")]
    NoUrl {
        /// Its name.
        provider: String,
    },
    /// A provider whose name cannot be one.
    #[error("`{provider}` cannot be a provider's name")]
    BadName {
        /// The name.
        provider: String,
    },
}

impl Diagnostic for RemoteError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotLoopback { .. } => ErrorKind::PermissionDenied,
            Self::NoModelNamed { .. } | Self::NoUrl { .. } | Self::BadName { .. } => {
                ErrorKind::InvalidInput
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback { .. } => "remote.not_loopback",
            Self::NoModelNamed { .. } => "remote.no_model_named",
            Self::NoUrl { .. } => "remote.no_url",
            Self::BadName { .. } => "remote.bad_name",
        }
    }

    fn help(&self) -> Option<String> {
        Some(
            match self {
                Self::NotLoopback { .. } => {
                    "nothing is sent to another machine that is not among the `providers` of your \
                     own configuration; see docs/providers.md"
                }
                Self::NoModelNamed { .. } => "write `ADDRESS#MODEL`",
                Self::NoUrl { .. } => "write its `url` in the configuration",
                Self::BadName { .. } => "use small letters, digits, `.`, `-` and `_`",
            }
            .to_owned(),
        )
    }
}

/// The models that run elsewhere: what a configuration allows, and servers of
/// this machine.
///
/// Nothing is sent before a model is opened. Offline, only this machine is
/// asked, and only because somebody named a model there.
#[derive(Clone, Debug, Default)]
pub struct RemoteModels {
    providers: BTreeMap<String, ProviderConfig>,
    offline: bool,
    proxy: Option<String>,
    observer: Observer,
}

impl RemoteModels {
    /// What a configuration allows.
    pub fn new(config: &Config) -> Self {
        Self {
            providers: config.providers.clone().unwrap_or_default(),
            offline: config.offline == Some(true),
            ..Self::default()
        }
    }

    /// Switches the network off, whatever the configuration says.
    pub fn offline_if(mut self, offline: bool) -> Self {
        self.offline |= offline;
        self
    }

    /// Sets a proxy for what is not on this machine.
    pub fn with_proxy(mut self, proxy: Option<String>) -> Self {
        self.proxy = proxy;
        self
    }

    /// Lets somebody hear of retries and the like.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// Whether a reference names a remote model: `provider/model` of a provider
    /// that is configured, `ollama/model`, or the address of a server.
    pub fn names(&self, reference: &str) -> bool {
        is_address(reference) || self.split(reference).is_some()
    }

    /// The secret that is the key for what a reference names, where it may
    /// need one.
    pub fn key_name(&self, reference: &str) -> Result<Option<SecretName>> {
        let Some((name, _)) = self.split(reference) else { return Ok(None) };
        let Some(provider) = self.providers.get(name) else { return Ok(None) };
        match &provider.key {
            Some(key) => Ok(Some(SecretName::new(key)?)),
            // A server of this machine wants none, as a rule: no keychain is
            // asked for it.
            None if provider.url.as_deref().is_some_and(is_local) => Ok(None),
            None if provider.kind == ProviderKind::Ollama && provider.url.is_none() => Ok(None),
            None => Ok(Some(SecretName::new(name)?)),
        }
    }

    /// How many tokens a remote model takes, as far as the configuration says so
    /// or its protocol has a usual number.
    pub fn context_length(&self, reference: &str) -> Option<usize> {
        let (name, model) = self.split(reference)?;
        let provider = self.providers.get(name)?;
        let known = provider.models.get(model).and_then(|model| model.context_length);
        known.or(match provider.kind {
            ProviderKind::OpenAi => None,
            ProviderKind::Anthropic => Some(AnthropicModel::USUAL_CONTEXT),
            ProviderKind::Ollama => Some(OllamaModel::USUAL_CONTEXT),
        })
    }

    /// What tells a remote model from every other: where it is, how it is named,
    /// and what was found there, since an address without a model means
    /// whichever its server has at the time.
    pub fn identity(&self, reference: &str, opened: &ModelInfo) -> String {
        let provider = self.split(reference).and_then(|(name, _)| self.providers.get(name));
        let place = provider.and_then(|provider| provider.url.as_deref()).unwrap_or_default();
        let kind = provider.map_or("", |provider| provider.kind.as_str());
        let found = &opened.name;
        format!("{kind} {place} {reference} {found}")
    }

    /// Prepares to ask the model that a reference names.
    ///
    /// # Errors
    /// A reference that names none, an address of another machine, and what
    /// keeps a server from answering.
    pub fn open(&self, reference: &str, key: Option<Secret>) -> Result<Model> {
        if is_address(reference) {
            return self.open_address(reference);
        }
        let Some((name, model)) = self.split(reference) else {
            return Err(RemoteError::BadName { provider: reference.to_owned() }.into());
        };
        let built_in = ProviderConfig {
            kind: ProviderKind::Ollama,
            url: None,
            key: None,
            models: BTreeMap::new(),
            keep_alive: None,
        };
        let provider = self.providers.get(name).unwrap_or(&built_in);
        let url = match (&provider.url, provider.kind) {
            (Some(url), _) => url.clone(),
            (None, ProviderKind::OpenAi) => {
                return Err(RemoteError::NoUrl { provider: name.to_owned() }.into());
            }
            // The crate knows where they are.
            (None, _) => String::new(),
        };
        let key_name = self.key_name(reference)?;
        let key_name = key_name.map_or_else(|| name.to_owned(), |key| key.to_string());
        let mut options = self.options(name, &url).with_key(key_name, key);
        if let Some(known) = provider.models.get(model) {
            options.model.context_length = known.context_length;
            options.model.max_tokens = known.max_tokens;
            options.model.images = known.images;
            options.model.tools = known.tools;
            options.model.thinking = known.thinking;
        }
        Ok(match provider.kind {
            ProviderKind::OpenAi => Model::new(OpenAiModel::open(&options, model)?),
            ProviderKind::Anthropic => Model::new(AnthropicModel::open(&options, model)?),
            ProviderKind::Ollama => {
                let mut own = OllamaOptions::default();
                own.keep_alive.clone_from(&provider.keep_alive);
                Model::new(OllamaModel::open(&options, own, model)?)
            }
        })
    }

    fn open_address(&self, reference: &str) -> Result<Model> {
        let (url, model) = reference.split_once('#').unwrap_or((reference, ""));
        let host = host(url);
        if !is_local(url) {
            return Err(RemoteError::NotLoopback { host: host.to_owned() }.into());
        }
        let options = self.options(host, url);
        if !model.is_empty() {
            return Ok(Model::new(OpenAiModel::open(&options, model)?));
        }
        let names = OpenAiModel::models(&options)?;
        match &names[..] {
            [one] => Ok(Model::new(OpenAiModel::open(&options, one)?)),
            _ => Err(RemoteError::NoModelNamed { host: host.to_owned(), names }.into()),
        }
    }

    fn options(&self, name: &str, url: &str) -> ProviderOptions {
        let mut options = ProviderOptions::new(name, url);
        if self.offline {
            options.network = NetworkPolicy::Offline;
        }
        // Somebody named a server of this machine: that is the choice.
        options.loopback_offline = true;
        options.proxy.clone_from(&self.proxy);
        options.observer = self.observer.clone();
        options
    }

    /// A provider and a model's name, which may hold further slashes.
    fn split<'a>(&self, reference: &'a str) -> Option<(&'a str, &'a str)> {
        let (name, model) = reference.split_once('/')?;
        let known = self.providers.contains_key(name) || name == OLLAMA;
        (known && !model.is_empty()).then_some((name, model))
    }
}

/// Whether a provider may have this name: it stands before a slash, and is
/// the name of its secret.
pub(crate) fn check_provider_name(name: &str) -> std::result::Result<(), RemoteError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts && name.len() <= NAME_BYTES && name.chars().all(plain) {
        return Ok(());
    }
    Err(RemoteError::BadName { provider: name.to_owned() })
}

fn is_address(reference: &str) -> bool {
    reference.starts_with("http://") || reference.starts_with("https://")
}

/// The host of an address, with its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Whether an address is of this machine.
fn is_local(url: &str) -> bool {
    let host = host(url);
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    is_loopback(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(config: &str) -> RemoteModels {
        RemoteModels::new(&serde_json::from_str(config).unwrap())
    }

    #[test]
    fn only_what_is_configured_or_here_is_named() {
        let none = models("{}");
        for here in ["ollama/qwen3:8b", "http://127.0.0.1:8080/v1#m", "https://x.org/v1"] {
            assert!(none.names(here), "{here}");
        }
        for local in ["qwen3", "./a/b.gguf", "openai/gpt", "org/name", "ollama/", "/ollama/x"] {
            assert!(!none.names(local), "{local}");
        }
        let one =
            models(r#"{"providers": {"mine": {"kind": "openai", "url": "https://x.org/v1"}}}"#);
        assert!(one.names("mine/org/model") && !one.names("other/m"));
    }

    #[test]
    fn an_address_is_another_model_where_its_server_has_another() {
        let identity = |found: &str| {
            let info = ModelInfo::new(found, 9000);
            models("{}").identity("http://127.0.0.1:8080/v1", &info)
        };
        assert_ne!(identity("127.0.0.1:8080/one"), identity("127.0.0.1:8080/other"));
        assert_eq!(identity("127.0.0.1:8080/one"), identity("127.0.0.1:8080/one"));
    }

    #[test]
    fn another_machine_is_not_asked_unless_it_is_configured() {
        let code = |reference: &str| models("{}").open(reference, None).unwrap_err().code();
        for elsewhere in
            ["https://x.org/v1#m", "http://10.0.0.1:8080#m", "https://127.0.0.1@x.org#m"]
        {
            assert_eq!(code(elsewhere), "remote.not_loopback", "{elsewhere}");
        }
    }

    #[test]
    fn offline_nothing_but_this_machine_is_asked() {
        let offline = models(
            r#"{"offline": true, "providers": {
                "far": {"kind": "openai", "url": "https://name.invalid/v1"},
                "claude": {"kind": "anthropic"}
            }}"#,
        );
        for reference in ["far/m", "claude/m"] {
            assert_eq!(offline.open(reference, None).unwrap_err().code(), "providers.offline");
        }
    }

    #[test]
    fn a_key_is_called_like_its_provider() {
        let some = models(
            r#"{"providers": {
                "open": {"kind": "openai", "url": "https://x.org/v1"},
                "other": {"kind": "openai", "url": "https://x.org/v1", "key": "work"},
                "near": {"kind": "openai", "url": "http://localhost:8080/v1"},
                "keyed": {"kind": "openai", "url": "http://localhost:8080/v1", "key": "k"}
            }}"#,
        );
        let name = |reference: &str| some.key_name(reference).unwrap().map(|n| n.to_string());
        assert_eq!(name("open/m").as_deref(), Some("open"));
        assert_eq!(name("other/m").as_deref(), Some("work"));
        assert_eq!((name("near/m"), name("ollama/m")), (None, None));
        assert_eq!(name("keyed/m").as_deref(), Some("k"));
    }
}
