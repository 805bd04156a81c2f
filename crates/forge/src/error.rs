use mlxcode_base::{Diagnostic, ErrorKind};
use thiserror::Error;

/// What can go wrong with a host of repositories.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text names no issue and no change.
    #[error("`{text}` names no issue, pull request or merge request")]
    NoPlace {
        /// What was given, without what may be a secret in it.
        text: String,
    },
    /// The host is not known, so nobody can say what it runs.
    #[error("`{host}` is no host that is known here")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// The address of the host's interface cannot be used.
    #[error("`{address}` cannot be the address of an interface: it has to be {range}")]
    BadAddress {
        /// The address, without what may be a secret in it.
        address: String,
        /// What it has to be.
        range: &'static str,
    },
    /// The token cannot be sent.
    #[error("the token is empty or holds what no header may")]
    BadToken,
    /// The network may not be used.
    #[error("{host} is not asked: the network is switched off")]
    Offline {
        /// The host.
        host: String,
    },
    /// The host does not answer.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why, for people.
        reason: String,
    },
    /// Nothing there, or nothing that one may see.
    #[error("{host} knows no {what}")]
    NotFound {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The host refuses this user.
    #[error("{host} refuses: {message}")]
    Refused {
        /// The host.
        host: String,
        /// What it said.
        message: String,
        /// Whether a token was sent.
        token: bool,
    },
    /// The host was asked too often.
    #[error("{host} was asked too often; it answers again {when}")]
    RateLimited {
        /// The host.
        host: String,
        /// When, for people.
        when: String,
        /// When, in seconds since 1970, UTC, where it tells a time.
        at_s: Option<i64>,
        /// After how many seconds, where it tells a wait.
        wait_s: Option<u64>,
        /// Whether a token was sent.
        token: bool,
    },
    /// The host does not take what was sent.
    #[error("{host} does not take this: {message}")]
    Invalid {
        /// The host.
        host: String,
        /// What it said.
        message: String,
    },
    /// The host's answer is not understood.
    #[error("{host} gave an answer that cannot be read: {reason}")]
    BadAnswer {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Only some comments of a review were taken.
    #[error("{posted} of {total} comments were posted, then it failed")]
    Partly {
        /// Comments that stand there now.
        posted: usize,
        /// Comments of the review.
        total: usize,
        /// What failed.
        source: Box<Error>,
    },
    /// A review without a word.
    #[error("the review says nothing")]
    EmptyReview,
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Diagnostic for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoPlace { .. }
            | Self::UnknownHost { .. }
            | Self::BadAddress { .. }
            | Self::BadToken
            | Self::EmptyReview
            | Self::Invalid { .. } => ErrorKind::InvalidInput,
            Self::Offline { .. } | Self::Unreachable { .. } => ErrorKind::Unavailable,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Refused { .. } => ErrorKind::PermissionDenied,
            Self::RateLimited { .. } => ErrorKind::ResourceExhausted,
            Self::BadAnswer { .. } => ErrorKind::Unsupported,
            Self::Partly { source, .. } => source.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoPlace { .. } => "forge.no_place",
            Self::UnknownHost { .. } => "forge.unknown_host",
            Self::BadAddress { .. } => "forge.bad_address",
            Self::BadToken => "forge.bad_token",
            Self::Offline { .. } => "forge.offline",
            Self::Unreachable { .. } => "forge.unreachable",
            Self::NotFound { .. } => "forge.not_found",
            Self::Refused { .. } => "forge.refused",
            Self::RateLimited { .. } => "forge.rate_limited",
            Self::Invalid { .. } => "forge.invalid",
            Self::BadAnswer { .. } => "forge.bad_answer",
            Self::Partly { .. } => "forge.partly_posted",
            Self::EmptyReview => "forge.empty_review",
            Self::Cancelled => "forge.cancelled",
        }
    }

    fn help(&self) -> Option<String> {
        let with_token = "set a token for this host; private repositories are not shown without";
        let text = match self {
            Self::NoPlace { .. } => "give its address, or `owner/name#12`",
            Self::UnknownHost { .. } => {
                "say in the configuration whether the host runs GitHub or GitLab"
            }
            Self::BadAddress { .. } => "correct the host's address in the configuration",
            Self::BadToken => "copy the token again, as the host showed it",
            Self::Offline { .. } => "switch `offline` off to reach it",
            Self::Unreachable { .. } => "check the connection and try again",
            Self::NotFound { token: false, .. } | Self::Refused { token: false, .. } => with_token,
            Self::NotFound { .. } => "check the name, and what the token may see",
            Self::Refused { .. } => "check what the token may do, and until when",
            Self::RateLimited { token: false, .. } => {
                "set a token for this host: with one, many more requests are free"
            }
            Self::RateLimited { .. } => "wait until then",
            Self::Invalid { .. } | Self::BadAnswer { .. } | Self::Cancelled => return None,
            Self::Partly { .. } => "look at the page first: what stands there is not posted again",
            Self::EmptyReview => "write a text or a comment",
        };
        Some(text.to_owned())
    }
}
