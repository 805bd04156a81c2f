use std::time::Duration;

use mlxcode_base::CancelToken;

use crate::client::{Client, GITHUB_HEADERS, GITLAB_HEADERS};
use crate::error::{Error, Result};
use crate::host::{ForgeKind, Host};
use crate::review::{PostedReview, Review};
use crate::token::Token;
use crate::types::{ChangeRequest, Issue};
use crate::{github, gitlab};

/// How a host is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ForgeOptions {
    /// Who the user is there. Sent to this host's interface and nowhere else.
    pub token: Option<Token>,
    /// Refuses before a name is resolved.
    pub offline: bool,
    /// Whether an interface on this machine may be asked although the network
    /// is switched off.
    pub loopback_offline: bool,
    /// A proxy, such as `http://host:port`.
    pub proxy: Option<String>,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The longest silence.
    pub idle_timeout: Duration,
}

impl Default for ForgeOptions {
    fn default() -> Self {
        Self {
            token: None,
            offline: false,
            loopback_offline: false,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            // A large merge request takes a host some seconds to compare.
            idle_timeout: Duration::from_mins(1),
        }
    }
}

/// A host of repositories, to be asked.
#[derive(Debug)]
pub struct Forge {
    kind: ForgeKind,
    client: Client,
}

impl Forge {
    /// Makes one. Nothing is sent yet.
    pub fn new(host: &Host, options: &ForgeOptions) -> Result<Self> {
        let headers = match host.kind() {
            ForgeKind::GitHub => GITHUB_HEADERS,
            ForgeKind::GitLab => GITLAB_HEADERS,
        };
        Ok(Self { kind: host.kind(), client: Client::new(host, options, headers)? })
    }

    /// Reads an issue with what was said. On GitHub a pull request is one too.
    pub fn issue(&self, repository: &str, number: u64, cancel: &CancelToken) -> Result<Issue> {
        match self.kind {
            ForgeKind::GitHub => github::issue(&self.client, repository, number, cancel),
            ForgeKind::GitLab => gitlab::issue(&self.client, repository, number, cancel),
        }
    }

    /// Reads a pull request or a merge request, with what was said and the
    /// files that it changes.
    pub fn change(
        &self,
        repository: &str,
        number: u64,
        cancel: &CancelToken,
    ) -> Result<ChangeRequest> {
        match self.kind {
            ForgeKind::GitHub => github::change(&self.client, repository, number, cancel),
            ForgeKind::GitLab => gitlab::change(&self.client, repository, number, cancel),
        }
    }

    /// Posts a review of `change`, which was read before: comments stand on the
    /// commit that was looked at. A comment of lines that the change does not
    /// show goes into the review's text.
    ///
    /// # Errors
    /// [`Error::Partly`] where the host took some comments only.
    pub fn post_review(
        &self,
        repository: &str,
        change: &ChangeRequest,
        review: &Review,
        cancel: &CancelToken,
    ) -> Result<PostedReview> {
        if review.body.trim().is_empty() && review.comments.is_empty() {
            return Err(Error::EmptyReview);
        }
        match self.kind {
            ForgeKind::GitHub => {
                github::post_review(&self.client, repository, change, review, cancel)
            }
            ForgeKind::GitLab => {
                gitlab::post_review(&self.client, repository, change, review, cancel)
            }
        }
    }
}
