//! Requests: the one door to the network.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mlxcode_models::hub::NetworkPolicy;
use mlxcode_models::{GenerateOptions, Secret};
use serde_json::Value;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderValue, Response, Uri};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy, config::Config};

use crate::address::Address;
use crate::error::ProviderError;
use crate::notice::Observer;
use crate::options::{Limits, ProviderOptions, RetryOptions};
use crate::resolve::OwnNames;
use crate::retry::{asked_wait, is_passing};
use crate::visible::message_in;

/// What is read of a refusal. Its message stands in the first few hundred
/// bytes.
const MOST_REFUSAL_BYTES: u64 = 64 << 10;

/// A list of models has some hundred kilobytes where there are hundreds; what
/// Ollama tells of one model holds its whole list of words: some megabytes.
const MOST_JSON_BYTES: u64 = 32 << 20;

/// How long a question about the server may take, such as which models it has.
const QUESTION: Duration = Duration::from_secs(30);

/// How a key is sent.
#[derive(Clone, Copy, Debug)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key: …`.
    ApiKey,
}

/// Asks one provider.
pub struct Client {
    pub provider: String,
    pub address: Address,
    pub limits: Limits,
    pub retry: RetryOptions,
    pub observer: Observer,
    key_name: String,
    key: Option<Secret>,
    headers: Vec<(&'static str, HeaderValue)>,
    offline: bool,
    config: Config,
    /// One for each request that runs: what is shut down with it must not be
    /// another's. They keep their connection between requests.
    agents: Mutex<Vec<Agent>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers hold the key.
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Why a request brought nothing.
#[derive(Debug)]
pub struct Failure {
    pub error: ProviderError,
    /// Whether another attempt may work, after how long a wait.
    #[allow(clippy::option_option, reason = "whether, and then how long where that is said")]
    pub again: Option<Option<Duration>>,
    /// The status and the body of a refusal.
    pub refusal: Option<(u16, Vec<u8>)>,
}

impl Failure {
    pub fn lasting(error: ProviderError) -> Self {
        Self { error, again: None, refusal: None }
    }

    pub fn passing(error: ProviderError) -> Self {
        Self { error, again: Some(None), refusal: None }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        Self::lasting(error)
    }
}

impl Client {
    pub fn new(
        options: &ProviderOptions,
        address: Address,
        key_header: KeyHeader,
        more: &[(&'static str, &'static str)],
    ) -> Result<Self, ProviderError> {
        let provider = options.name.clone();
        let mut headers: Vec<_> =
            more.iter().map(|(name, value)| (*name, HeaderValue::from_static(value))).collect();
        if let Some(key) = &options.key {
            let (name, value) = match key_header {
                KeyHeader::Bearer => ("authorization", format!("Bearer {}", key.reveal())),
                KeyHeader::ApiKey => ("x-api-key", key.reveal().to_owned()),
            };
            let plain = key.reveal().bytes().all(|byte| byte.is_ascii_graphic());
            let value = HeaderValue::from_str(&value).ok().filter(|_| plain);
            let mut value = value.ok_or_else(|| ProviderError::BadKey {
                provider: provider.clone(),
                key: options.key_name.clone(),
            })?;
            value.set_sensitive(true);
            headers.push((name, value));
        }
        let proxy = match options.proxy.as_deref().filter(|_| !address.is_loopback()) {
            // Its address may hold a password.
            Some(text) => Some(Proxy::new(text).map_err(|_| ProviderError::BadUrl {
                provider: provider.clone(),
                url: "of the proxy".to_owned(),
                reason: "is no address such as `http://host:port`",
            })?),
            None => None,
        };
        let limits = options.limits.clone();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // None is followed: the key and the prompt are for one host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Else it would be read from the environment.
            .proxy(proxy)
            .user_agent(concat!("mlx-code/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.first_byte))
            .timeout_per_read(Some(limits.first_byte.max(limits.silence)))
            .timeout_per_write(Some(limits.silence))
            .build();
        Ok(Self {
            offline: options.network == NetworkPolicy::Offline
                && !(options.loopback_offline && address.is_loopback()),
            provider,
            address,
            limits,
            retry: options.retry.clone(),
            observer: options.observer.clone(),
            key_name: options.key_name.clone(),
            key: options.key.clone(),
            headers,
            config,
            agents: Mutex::new(Vec::new()),
        })
    }

    /// An agent that nobody else uses.
    pub fn lend(&self) -> Agent {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        agents.pop().unwrap_or_else(|| {
            Agent::with_parts(self.config.clone(), DefaultConnector::new(), OwnNames::default())
        })
    }

    /// Takes an agent back whose answer was read to its end.
    pub fn give_back(&self, agent: Agent) {
        // More than run at once are never idle for long.
        const MOST_IDLE: usize = 8;
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() < MOST_IDLE {
            agents.push(agent);
        }
    }

    /// Fails where nothing may be sent.
    pub fn check_network(&self) -> Result<(), ProviderError> {
        if self.offline {
            let host = self.address.host().to_owned();
            return Err(ProviderError::Offline { provider: self.provider.clone(), host });
        }
        Ok(())
    }

    /// Sends a request and gives the answer if its status says success.
    /// Without a body it is a `GET`.
    pub fn send(
        &self,
        agent: &Agent,
        url: &str,
        body: Option<&[u8]>,
        patience: Option<Duration>,
    ) -> Result<Response<Body>, Failure> {
        self.check_network()?;
        let answer = match body {
            None => {
                let mut request = agent.get(url).header(ACCEPT_ENCODING, "identity");
                for (name, value) in &self.headers {
                    request = request.header(*name, value);
                }
                let request = request.config().timeout_global(patience).build();
                request.call()
            }
            Some(body) => {
                let mut request = agent
                    .post(url)
                    .header(ACCEPT_ENCODING, "identity")
                    .header(CONTENT_TYPE, "application/json");
                for (name, value) in &self.headers {
                    request = request.header(*name, value);
                }
                let request = request.config().timeout_global(patience).build();
                request.send(body)
            }
        };
        let answer = answer.map_err(|error| self.transport(&error))?;
        if answer.status().is_success() { Ok(answer) } else { Err(self.refused(answer)) }
    }

    /// Asks for a document, once.
    pub fn json(&self, url: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let agent = self.lend();
        let body = body.map(Value::to_string);
        let answer = self.send(&agent, url, body.as_deref().map(str::as_bytes), Some(QUESTION))?;
        let body = answer.into_body().into_with_config().limit(MOST_JSON_BYTES);
        let bytes = body.read_to_vec().map_err(|error| self.transport(&error))?;
        self.give_back(agent);
        serde_json::from_slice(&bytes).map_err(|_| self.bad_answer("it is no JSON").into())
    }

    pub fn bad_answer(&self, reason: &str) -> ProviderError {
        ProviderError::BadAnswer { provider: self.provider.clone(), reason: reason.to_owned() }
    }

    /// Refuses a request for log-probabilities: they are not read here.
    pub fn takes(&self, options: &GenerateOptions) -> Result<(), ProviderError> {
        if options.sampling.log_probabilities.is_none() {
            return Ok(());
        }
        let provider = self.provider.clone();
        Err(ProviderError::Unsupported { provider, what: "a request for log-probabilities" })
    }

    /// A server's words as an error may show them.
    pub fn said(&self, body: &[u8]) -> String {
        message_in(body, self.key.as_ref().map(Secret::reveal))
    }

    /// What a status other than success means.
    fn refused(&self, answer: Response<Body>) -> Failure {
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = answer.into_body().into_with_config().limit(MOST_REFUSAL_BYTES);
        let body = body.read_to_vec().unwrap_or_default();
        let mut failure = self.status(status, &body, &headers);
        failure.refusal = Some((status, body));
        failure
    }

    /// As [`refused`](Self::refused), of what an answer said on its way.
    pub fn status(&self, status: u16, body: &[u8], headers: &HeaderMap) -> Failure {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let provider = self.provider.clone();
        let said = self.said(body);
        let wait = asked_wait(header(RETRY_AFTER.as_str()), header("retry-after-ms"));
        let error = match status {
            300..=399 => {
                let to = header(LOCATION.as_str()).and_then(|to| to.parse::<Uri>().ok());
                let to = to.as_ref().and_then(Uri::host).unwrap_or("another path");
                let reason = format!("it redirects to {to}; write that address");
                ProviderError::BadAnswer { provider, reason }
            }
            401 => {
                let (host, key) = (self.address.host().to_owned(), self.key_name.clone());
                ProviderError::Unauthorized { provider, host, key, sent: self.key.is_some(), said }
            }
            429 => ProviderError::RateLimited { provider, wait_s: wait.map(|w| w.as_secs()), said },
            500.. | 408 | 425 => ProviderError::Failed { provider, status, said },
            _ => ProviderError::Refused { provider, status, said },
        };
        // A quota that is used up comes back with money, not with time.
        let spent = String::from_utf8_lossy(body).contains("insufficient_quota");
        let too_long = wait.is_some_and(|wait| wait > self.retry.longest_asked_wait);
        let passes = is_passing(status) && header("x-should-retry") != Some("false");
        let again = (passes && !spent && !too_long).then_some(wait);
        Failure { error, again, refusal: None }
    }

    /// What keeps bytes from coming.
    fn transport(&self, error: &ureq::Error) -> Failure {
        let provider = self.provider.clone();
        let host = self.address.host().to_owned();
        let unreachable = |reason: &str| ProviderError::Unreachable {
            provider: provider.clone(),
            host: host.clone(),
            reason: reason.to_owned(),
        };
        match error {
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                Failure::passing(unreachable("no connection comes about"))
            }
            ureq::Error::Timeout(which) => {
                let seconds = match which {
                    ureq::Timeout::Global => QUESTION,
                    ureq::Timeout::PerWrite => self.limits.silence,
                    _ => self.limits.first_byte,
                };
                let what = "did not answer";
                let seconds = seconds.as_secs();
                Failure::passing(ProviderError::Silent { provider, host, what, seconds })
            }
            ureq::Error::HostNotFound => Failure::lasting(unreachable("its name is not known")),
            ureq::Error::Io(error) => {
                let refused = error.kind() == std::io::ErrorKind::ConnectionRefused;
                let failure = unreachable(&error.kind().to_string());
                // Nobody listens: a moment later nobody will either.
                if refused { Failure::lasting(failure) } else { Failure::passing(failure) }
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                Failure::lasting(self.bad_answer("it does not speak HTTP as it should"))
            }
            ureq::Error::BodyExceedsLimit(most) => Failure::lasting(ProviderError::TooLong {
                what: "the whole",
                most_bytes: usize::try_from(*most).unwrap_or(usize::MAX),
            }),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
                Failure::lasting(unreachable("its certificate is not good, or it speaks no TLS"))
            }
            // The texts of others may repeat an address.
            _ => Failure::lasting(unreachable("the connection failed")),
        }
    }

    /// What reading an answer came to.
    pub fn reading(&self, error: std::io::Error) -> Failure {
        match error.downcast::<ureq::Error>() {
            Ok(error @ (ureq::Error::Timeout(_) | ureq::Error::BodyExceedsLimit(_))) => {
                self.transport(&error)
            }
            _ => Failure::passing(ProviderError::BrokenOff { provider: self.provider.clone() }),
        }
    }
}
