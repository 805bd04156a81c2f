//! What the hub is, and how it may be used. All of it comes from the caller.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::{HubError, Result};
use crate::hardware::free_disk_bytes;

/// The hub that is used where none is named.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkPolicy {
    /// The hub may be asked.
    #[default]
    Allowed,
    /// Nothing leaves the machine: what would is refused before a name is
    /// resolved.
    Offline,
}

/// A secret that the hub knows the user by. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as the hub gives it, without the space around it.
    ///
    /// # Errors
    /// Where it holds what no header may; the message does not show it.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HubError::BadOption {
                option: "token",
                value: "…".to_owned(),
                range: "printable ASCII without spaces",
            }
            .into());
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How often and after what time a request is made again.
#[derive(Clone)]
#[non_exhaustive]
pub struct RetryOptions {
    /// Failed requests for one file, whatever they brought.
    pub attempts: u32,
    /// Failed requests for one file in a row that brought no byte.
    pub attempts_without_progress: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for.
    pub longest_asked_wait: Duration,
    /// Gives a number from 0 to below 1: how much of half a wait is added to
    /// the other half, so that many clients do not come back at once.
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Waits. It is called with short times, between which a pull can be
    /// stopped.
    pub sleep: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            attempts: 1000,
            attempts_without_progress: 8,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_asked_wait: Duration::from_mins(5),
            random: Arc::new(random),
            sleep: Arc::new(std::thread::sleep),
        }
    }
}

impl fmt::Debug for RetryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryOptions")
            .field("attempts", &self.attempts)
            .field("attempts_without_progress", &self.attempts_without_progress)
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

/// Tells how many bytes are free on the disk of a path.
pub type FreeSpace = Arc<dyn Fn(&Path) -> Option<u64> + Send + Sync>;

/// The hub and its cache on this machine.
#[derive(Clone)]
#[non_exhaustive]
pub struct HubOptions {
    /// Where the hub is, `https://…`; loopback may be `http://`.
    pub endpoint: String,
    /// Sent to the endpoint's own host only.
    pub token: Option<Token>,
    /// The cache, in the layout of Python's `huggingface_hub`; shared with it.
    pub cache_dir: PathBuf,
    /// Whether the hub may be asked at all.
    pub network: NetworkPolicy,
    /// A proxy, `http://host:port`.
    pub proxy: Option<String>,
    /// How long nothing may come before a connection is given up.
    pub idle_timeout: Duration,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// The most connections for one file, from 1 to 16. One is enough for a hub
    /// next door; the others are made where it is not.
    pub connections: usize,
    /// A file larger than this is fetched in parts of this many bytes.
    pub part_bytes: u64,
    /// Bytes a second over all connections; `None` for no limit.
    pub limit_bytes_per_second: Option<u64>,
    /// Bytes of the disk that are never used.
    pub reserve_bytes: u64,
    /// When to try again.
    pub retry: RetryOptions,
    /// Asks the system for the free space.
    pub free_space: FreeSpace,
}

impl HubOptions {
    /// The public hub with a cache of its own.
    pub fn new(cache_dir: &Path) -> Self {
        Self {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
            cache_dir: cache_dir.to_owned(),
            network: NetworkPolicy::Allowed,
            proxy: None,
            idle_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(20),
            connections: 4,
            part_bytes: 16 << 20,
            limit_bytes_per_second: None,
            reserve_bytes: 64 << 20,
            retry: RetryOptions::default(),
            free_space: Arc::new(free_disk_bytes),
        }
    }
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("HubOptions")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token)
            .field("cache_dir", &self.cache_dir)
            .field("network", &self.network)
            .field("proxy", &self.proxy.as_ref().map(|_| "…"))
            .field("idle_timeout", &self.idle_timeout)
            .field("connections", &self.connections)
            .field("part_bytes", &self.part_bytes)
            .field("limit_bytes_per_second", &self.limit_bytes_per_second)
            .field("reserve_bytes", &self.reserve_bytes)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_can_be_printed() {
        let mut options = HubOptions::new(Path::new("/cache"));
        options.token = Some(Token::new(" hf_secret\n").unwrap());
        options.proxy = Some("http://me:hf_secret@proxy:1".to_owned());
        assert!(!format!("{options:?}").contains("hf_secret"));
        assert_eq!(options.token.unwrap().header(), "Bearer hf_secret");
        let error = Token::new("hf_secret two").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hf_secret"));
    }

    #[test]
    fn jitter_stays_in_its_range() {
        assert!((0..1000).map(|_| random()).all(|part| (0.0..1.0).contains(&part)));
    }
}
