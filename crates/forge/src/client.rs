//! Requests: what is sent to the one host, and what its answers mean.

use jiff::Timestamp;
use mlxcode_base::CancelToken;
use serde_json::Value;
use ureq::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, LINK, LOCATION, RETRY_AFTER,
};
use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body, Proxy};

use crate::address::{host, is_loopback, next_page, relative_to, same_origin};
use crate::error::{Error, Result};
use crate::forge::ForgeOptions;
use crate::host::Host;
use crate::token::Token;

/// A repository that got another name redirects once, one that moved twice.
const MOST_REDIRECTS: usize = 4;

/// A page of a hundred files with their patches has some megabytes at most.
const MOST_BYTES: u64 = 32 << 20;

/// A hundred entries each: hosts give no more than 3,000 files of a change.
const MOST_PAGES: usize = 100;

/// A page that says why it refuses is short; an HTML page of a proxy is not
/// worth more.
const MOST_MESSAGE_BYTES: u64 = 64 << 10;

/// What is told of a host's own words.
const MOST_MESSAGE_CHARS: usize = 400;

/// Asks one host.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: Uri,
    token: Option<Token>,
    offline: bool,
    headers: &'static [(&'static str, &'static str)],
}

impl Client {
    pub fn new(
        host: &Host,
        options: &ForgeOptions,
        headers: &'static [(&'static str, &'static str)],
    ) -> Result<Self> {
        let bad = |range| Error::BadAddress { address: host.api().to_owned(), range };
        let address = host.api().parse::<Uri>();
        let is_here = is_loopback(address.as_ref().ok().and_then(Uri::host).unwrap_or_default());
        // What is on this machine is asked without anybody between.
        let proxy = match options.proxy.as_ref().filter(|_| !is_here) {
            Some(text) => Some(Proxy::new(text).map_err(|_| Error::BadAddress {
                // It may hold a password.
                address: "…".to_owned(),
                range: "a proxy such as `http://host:port`",
            })?),
            None => None,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here: a token is for one host only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Else it would be read from the environment.
            .proxy(proxy)
            .user_agent(concat!("mlx-code/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(options.connect_timeout))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_recv_response(Some(options.idle_timeout))
            .timeout_per_read(Some(options.idle_timeout))
            .timeout_per_write(Some(options.idle_timeout))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            base: address.map_err(|_| bad("an address"))?,
            token: options.token.clone(),
            offline: options.offline && !(options.loopback_offline && is_here),
            headers,
        })
    }

    pub fn host(&self) -> String {
        host(&self.base).to_owned()
    }

    fn address(&self, path: &str) -> Result<Uri> {
        let base = self.base.to_string();
        let address = format!("{}{path}", base.trim_end_matches('/'));
        address.parse().map_err(|_| self.bad("its address cannot be written"))
    }

    /// Asks for one document.
    pub fn json(&self, path: &str, what: &str, cancel: &CancelToken) -> Result<Value> {
        Ok(self.page(&self.address(path)?, what, cancel)?.0)
    }

    /// Asks for a list, page after page.
    pub fn list(&self, path: &str, what: &str, cancel: &CancelToken) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut next = Some(self.address(path)?);
        for _ in 0..MOST_PAGES {
            let Some(address) = next else { return Ok(all) };
            let (value, following) = self.page(&address, what, cancel)?;
            match value {
                Value::Array(entries) => all.extend(entries),
                _ => return Err(self.bad("it is no list")),
            }
            next = following;
        }
        Ok(all)
    }

    fn page(
        &self,
        address: &Uri,
        what: &str,
        cancel: &CancelToken,
    ) -> Result<(Value, Option<Uri>)> {
        let mut address = address.clone();
        for _ in 0..MOST_REDIRECTS {
            self.ready(cancel)?;
            let mut request = self.agent.get(&address).header(ACCEPT_ENCODING, "identity");
            for (name, value) in self.headers {
                request = request.header(*name, *value);
            }
            if let Some(token) = &self.token {
                request = request.header(AUTHORIZATION, token.header());
            }
            let response = request.call().map_err(|error| self.transport(&error))?;
            if response.status().is_redirection() {
                let location = text(response.headers(), LOCATION.as_str()).unwrap_or_default();
                let to = relative_to(&address, location);
                // The token is for this host, and what another one says of a
                // repository is not what was asked for.
                address = to
                    .filter(|to| same_origin(to, &self.base))
                    .ok_or_else(|| self.bad("it redirects to another host"))?;
                continue;
            }
            let next = match text(response.headers(), LINK.as_str()).and_then(next_page) {
                Some(next) => {
                    let next = relative_to(&address, next);
                    let next = next.filter(|next| same_origin(next, &self.base));
                    Some(next.ok_or_else(|| self.bad("its next page is elsewhere"))?)
                }
                None => None,
            };
            return Ok((self.read(response, what)?, next));
        }
        Err(self.bad("it redirects in a circle"))
    }

    /// Sends a document. It is sent once: what was lost on the way may have
    /// been taken all the same.
    pub fn post(
        &self,
        path: &str,
        what: &str,
        document: &Value,
        cancel: &CancelToken,
    ) -> Result<Value> {
        let address = self.address(path)?;
        self.ready(cancel)?;
        let mut request = self.agent.post(&address).header(ACCEPT_ENCODING, "identity");
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.header());
        }
        let request = request.header(CONTENT_TYPE, "application/json");
        let sent = request.send(document.to_string());
        let response = sent.map_err(|error| self.transport(&error))?;
        if response.status().is_redirection() {
            return Err(self.bad("it redirects what is sent to it"));
        }
        self.read(response, what)
    }

    /// The one door to the network.
    fn ready(&self, cancel: &CancelToken) -> Result<()> {
        if self.offline {
            return Err(Error::Offline { host: self.host() });
        }
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    fn read(&self, response: Response<Body>, what: &str) -> Result<Value> {
        if !response.status().is_success() {
            return Err(self.refused(response, what));
        }
        let body = response.into_body().into_with_config().limit(MOST_BYTES);
        let bytes = body.read_to_vec().map_err(|error| self.transport(&error))?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| self.bad(&format!("it is no JSON: {error}")))
    }

    /// What a status other than success means.
    fn refused(&self, response: Response<Body>, what: &str) -> Error {
        let status = response.status().as_u16();
        let limited = limit_of(response.headers(), status);
        let (host, token) = (self.host(), self.token.is_some());
        if let Some((at_s, wait_s)) = limited {
            let when = match (at_s.and_then(|at| Timestamp::from_second(at).ok()), wait_s) {
                (Some(time), _) => format!("at {time}"),
                (None, Some(wait)) => format!("in {wait} s"),
                (None, None) => "later".to_owned(),
            };
            return Error::RateLimited { host, when, at_s, wait_s, token };
        }
        let body = response.into_body().into_with_config().limit(MOST_MESSAGE_BYTES);
        let message = message_of(&body.read_to_vec().unwrap_or_default());
        let message = message.unwrap_or_else(|| format!("status {status}"));
        match status {
            401 | 403 => Error::Refused { host, message, token },
            404 | 410 => Error::NotFound { host, what: what.to_owned(), token },
            400 | 405 | 409 | 422 => Error::Invalid { host, message },
            408 | 500.. => Error::Unreachable { host, reason: message },
            _ => self.bad(&format!("its status is {status}")),
        }
    }

    pub fn bad(&self, reason: &str) -> Error {
        Error::BadAnswer { host: self.host(), reason: reason.to_owned() }
    }

    fn transport(&self, error: &ureq::Error) -> Error {
        let host = self.host();
        let reason = match error {
            ureq::Error::Timeout(_) => "it was silent for too long".to_owned(),
            ureq::Error::HostNotFound => "its name is not known".to_owned(),
            // Its text may repeat the address.
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => "it cannot be addressed".to_owned(),
            ureq::Error::BodyExceedsLimit(_) => return self.bad("it is too long"),
            error => error.to_string(),
        };
        Error::Unreachable { host, reason }
    }
}

/// The names and values that GitHub asks for.
pub const GITHUB_HEADERS: &[(&str, &str)] =
    &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

/// GitLab's.
pub const GITLAB_HEADERS: &[(&str, &str)] = &[("accept", "application/json")];

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a refusal is one of too many requests: GitHub says so with 403 or
/// 429, GitLab with 429.
fn limit_of(headers: &HeaderMap, status: u16) -> Option<(Option<i64>, Option<u64>)> {
    let number = |name: &str| text(headers, name).and_then(|value| value.parse::<i64>().ok());
    let wait_s = number(RETRY_AFTER.as_str()).and_then(|wait| u64::try_from(wait).ok());
    let used_up = number("x-ratelimit-remaining") == Some(0);
    let is_limit = status == 429 || (status == 403 && (used_up || wait_s.is_some()));
    let at_s = number("x-ratelimit-reset").or_else(|| number("ratelimit-reset"));
    is_limit.then_some((at_s, wait_s))
}

/// Why, in the host's own words: GitHub's `message` and `errors`, GitLab's
/// `message` or `error`.
fn message_of(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let words = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let said =
        ["message", "error", "error_description"].iter().find_map(|key| words(&value[*key]))?;
    let errors = value["errors"].as_array().into_iter().flatten();
    let errors = errors.filter_map(|error| words(error.get("message").unwrap_or(error)));
    let parts: Vec<String> = std::iter::once(said).chain(errors).collect();
    let plain: String = parts.join("; ").chars().filter(|c| !c.is_control()).collect();
    Some(plain.chars().take(MOST_MESSAGE_CHARS).collect())
}
