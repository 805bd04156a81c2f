//! Requests: who is asked, what is told to whom, what an answer's status means.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{ACCEPT_ENCODING, AUTHORIZATION, LINK, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body, Proxy};

use super::backoff::Attempts;
use super::options::{HubOptions, NetworkPolicy, Token};
use super::place::{endpoint, host, next_page, redirected, same_origin, without_query};
use crate::error::{Error, HubError, Result};
use mlxcode_base::CancelToken;

/// The public hub needs two; a mirror may add its own.
const MOST_REDIRECTS: usize = 8;

/// A page of a thousand entries has some 300 KB.
const MOST_JSON_BYTES: u64 = 32 << 20;

/// Asks one hub.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    endpoint: Uri,
    token: Option<Token>,
    network: NetworkPolicy,
    pub(super) options: HubOptions,
}

/// Why a request brought nothing.
#[derive(Debug)]
pub enum Trouble {
    /// It may work another time, not before a wait that the server asks for.
    Passing {
        /// What happened, for people.
        reason: String,
        /// The wait asked for.
        wait: Option<Duration>,
    },
    /// It will not.
    Lasting(Error),
}

/// What an answer is about, to name it in an error.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub repo: &'a str,
    pub revision: &'a str,
    pub file: Option<&'a str>,
}

/// What the hub itself says of a file, before it sends the reader elsewhere.
#[derive(Debug, Default)]
pub struct Linked {
    pub commit: Option<String>,
    pub etag: Option<String>,
    pub size: Option<u64>,
}

/// An answer, whoever gave it at last.
#[derive(Debug)]
pub struct Answer {
    pub response: Response<Body>,
    /// Who gave it.
    pub from: Uri,
    pub linked: Linked,
}

impl Client {
    pub fn new(options: HubOptions) -> Result<Self> {
        let proxy = match &options.proxy {
            Some(text) => Some(Proxy::new(text).map_err(|_| HubError::BadOption {
                option: "proxy",
                // It may hold a password.
                value: "…".to_owned(),
                range: "an address such as `http://host:port`",
            })?),
            None => None,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here, since a token is for one host only.
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
            .input_buffer_size(64 << 10)
            .max_idle_connections_per_host(options.connections + 1)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            endpoint: endpoint(&options.endpoint)?,
            token: options.token.clone(),
            network: options.network,
            options,
        })
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    pub fn is_offline(&self) -> bool {
        self.network == NetworkPolicy::Offline
    }

    /// The hub's host.
    pub fn host(&self) -> String {
        host(&self.endpoint).to_owned()
    }

    /// An address of the hub; the path begins with `/` and is escaped.
    pub fn address(&self, path: &str) -> Result<Uri, Trouble> {
        let base = self.endpoint.to_string();
        format!("{}{path}", base.trim_end_matches('/')).parse().map_err(|_| {
            let reason = "its address cannot be written".to_owned();
            Trouble::Lasting(HubError::BadAnswer { place: self.host(), reason }.into())
        })
    }

    /// Asks once, following redirects. Any status but a redirect is an answer.
    pub fn get(&self, uri: &Uri, headers: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let mut uri = uri.clone();
        let mut linked = Linked::default();
        for _ in 0..MOST_REDIRECTS {
            let response = self.get_one(&uri, headers)?;
            if same_origin(&uri, &self.endpoint) {
                linked.take(response.headers());
            }
            if !response.status().is_redirection() || response.status() == 304 {
                return Ok(Answer { response, from: uri, linked });
            }
            let location = text(response.headers(), LOCATION.as_str()).unwrap_or_default();
            uri = redirected(&uri, location).ok_or_else(|| {
                let reason = "it redirects to no address that can be followed".to_owned();
                Trouble::Lasting(HubError::BadAnswer { place: without_query(&uri), reason }.into())
            })?;
        }
        let reason = "it redirects in a circle".to_owned();
        Err(Trouble::Lasting(HubError::BadAnswer { place: without_query(&uri), reason }.into()))
    }

    fn get_one(&self, uri: &Uri, headers: &[(&str, &str)]) -> Result<Response<Body>, Trouble> {
        // The one door to the network.
        if self.is_offline() {
            let repo = without_query(uri);
            return Err(Trouble::Lasting(HubError::Offline { repo, cached: None }.into()));
        }
        let mut request = self.agent.get(uri).header(ACCEPT_ENCODING, "identity");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token
            && same_origin(uri, &self.endpoint)
        {
            request = request.header(AUTHORIZATION, token.header());
        }
        request.call().map_err(|error| transport(uri, &error))
    }

    /// Asks the hub for JSON, again and again as the options say; `told` hears
    /// why. Gives the next page's address too.
    pub fn json(
        &self,
        uri: &Uri,
        subject: Subject<'_>,
        told: &dyn Fn(&str),
        cancel: &CancelToken,
    ) -> Result<(serde_json::Value, Option<Uri>)> {
        let mut attempts = Attempts::new(&self.options.retry);
        loop {
            let trouble = match self.json_once(uri, subject) {
                Ok(found) => return Ok(found),
                Err(trouble) => trouble,
            };
            let (reason, wait) = match trouble {
                Trouble::Lasting(error) => return Err(error),
                Trouble::Passing { reason, wait } => (reason, wait),
            };
            if wait.is_some_and(|wait| wait > self.options.retry.longest_asked_wait) {
                let wait_s = wait.map_or(0, |wait| wait.as_secs());
                return Err(HubError::RateLimited { host: self.host(), wait_s }.into());
            }
            if !attempts.failed() {
                let host = self.host();
                return Err(HubError::Unreachable { host, reason, cached: None }.into());
            }
            told(&reason);
            attempts.wait(wait, cancel)?;
        }
    }

    fn json_once(
        &self,
        uri: &Uri,
        subject: Subject<'_>,
    ) -> Result<(serde_json::Value, Option<Uri>), Trouble> {
        let answer = self.get(uri, &[])?;
        let bad = |reason: String| {
            Trouble::Lasting(
                HubError::BadAnswer { place: without_query(&answer.from), reason }.into(),
            )
        };
        if !answer.response.status().is_success() {
            return Err(self.refused(&answer, subject));
        }
        let next = match text(answer.response.headers(), LINK.as_str()).and_then(next_page) {
            Some(next) => {
                let next = redirected(&answer.from, next);
                let next = next.filter(|next| same_origin(next, &answer.from));
                Some(next.ok_or_else(|| bad("its next page is elsewhere".to_owned()))?)
            }
            None => None,
        };
        let body = answer.response.into_body().into_with_config().limit(MOST_JSON_BYTES);
        let bytes = body.read_to_vec().map_err(|error| transport(&answer.from, &error))?;
        let value = serde_json::from_slice(&bytes);
        Ok((value.map_err(|error| bad(format!("it is no JSON: {error}")))?, next))
    }

    /// What a status other than success means.
    pub fn refused(&self, answer: &Answer, subject: Subject<'_>) -> Trouble {
        let status = answer.response.status().as_u16();
        let headers = answer.response.headers();
        let repo = subject.repo.to_owned();
        let token = self.has_token();
        // Another host's status is about its own signed address, never about
        // the repository.
        if !same_origin(&answer.from, &self.endpoint) && status != 429 && status < 500 {
            return passing(format!("{} answers with status {status}", host(&answer.from)), None);
        }
        let not_found = |repo| HubError::RepoNotFound { repo, token };
        let error = match (text(headers, "x-error-code").unwrap_or_default(), status) {
            ("RevisionNotFound", _) => {
                let revision = subject.revision.to_owned();
                HubError::RevisionNotFound { repo, revision, cached: None }
            }
            ("EntryNotFound", _) => {
                let file = subject.file.unwrap_or_default().to_owned();
                HubError::FileNotFound { repo, file, choices: Vec::new() }
            }
            ("GatedRepo", _) => HubError::Gated { repo, token },
            ("RepoNotFound", _) => not_found(repo),
            (_, 401) => {
                let message = text(headers, "x-error-message").unwrap_or_default();
                // The hub says 401 of a repository that it does not show, too.
                if token && message.starts_with("Invalid credentials") {
                    HubError::BadToken { repo }
                } else {
                    not_found(repo)
                }
            }
            (_, 403) => HubError::Forbidden { repo },
            (_, 404 | 410) => match subject.file {
                Some(file) => {
                    HubError::FileNotFound { repo, file: file.to_owned(), choices: Vec::new() }
                }
                None => not_found(repo),
            },
            (_, 408 | 425 | 429 | 500..) => {
                let wait = text(headers, RETRY_AFTER.as_str()).and_then(|wait| wait.parse().ok());
                let reason = format!("{} answers with status {status}", host(&answer.from));
                return passing(reason, wait.map(Duration::from_secs));
            }
            _ => HubError::BadAnswer {
                place: without_query(&answer.from),
                reason: format!("its status is {status}"),
            },
        };
        Trouble::Lasting(error.into())
    }
}

impl Linked {
    fn take(&mut self, headers: &HeaderMap) {
        let owned = |name| text(headers, name).map(str::to_owned);
        self.commit = owned("x-repo-commit").or(self.commit.take());
        self.etag = owned("x-linked-etag").or(self.etag.take());
        let size = text(headers, "x-linked-size").and_then(|size| size.parse().ok());
        self.size = size.or(self.size);
    }
}

/// A client that several connections share.
pub type SharedClient = Arc<Client>;

/// A header's value, where it is text.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// It may work another time.
pub fn passing(reason: String, wait: Option<Duration>) -> Trouble {
    Trouble::Passing { reason, wait }
}

fn transport(uri: &Uri, error: &ureq::Error) -> Trouble {
    let host = host(uri);
    let reason = match error {
        ureq::Error::Timeout(_) => format!("{host} was silent for too long"),
        ureq::Error::HostNotFound => format!("the name {host} is not known"),
        // Its text may repeat the address.
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => format!("{host} cannot be addressed"),
        ureq::Error::BodyExceedsLimit(_) => {
            let reason = "it is too long".to_owned();
            let place = without_query(uri);
            return Trouble::Lasting(HubError::BadAnswer { place, reason }.into());
        }
        error => format!("{host}: {error}"),
    };
    passing(reason, None)
}
