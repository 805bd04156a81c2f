use mlxcode_base::RelPath;
use serde::{Deserialize, Serialize};
use ureq::http::Uri;

use crate::address::{is_loopback, without_secrets};
use crate::error::{Error, Result};

/// What a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ForgeKind {
    /// GitHub, or GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

/// A host of repositories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    kind: ForgeKind,
    api: String,
}

impl Host {
    /// A host of one's own: `git.example.org` runs GitHub Enterprise or GitLab,
    /// with its interface where these have it.
    pub fn new(name: &str, kind: ForgeKind) -> Result<Self> {
        let api = match kind {
            ForgeKind::GitHub if name == "github.com" => "https://api.github.com".to_owned(),
            ForgeKind::GitHub => format!("https://{name}/api/v3"),
            ForgeKind::GitLab => format!("https://{name}/api/v4"),
        };
        Self::with_api(name, kind, &api)
    }

    /// As [`new`](Self::new), with its interface elsewhere.
    ///
    /// # Errors
    /// An address without TLS is taken of this machine only: a token goes there.
    pub fn with_api(name: &str, kind: ForgeKind, api: &str) -> Result<Self> {
        let bad = |range| Error::BadAddress { address: without_secrets(api), range };
        let whole = "an address such as `https://git.example.org/api/v4`";
        let uri: Uri = api.trim_end_matches('/').parse().map_err(|_| bad(whole))?;
        let host = uri.host().ok_or_else(|| bad(whole))?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            _ => return Err(bad("`https`, or on this machine")),
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
            || uri.query().is_some()
        {
            return Err(bad("without a name, a password or a query"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(Error::UnknownHost { host: without_secrets(name) });
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            kind,
            api: api.trim_end_matches('/').to_owned(),
        })
    }

    /// The public ones: github.com and gitlab.com.
    pub fn usual() -> Vec<Self> {
        let known = [("github.com", ForgeKind::GitHub), ("gitlab.com", ForgeKind::GitLab)];
        known.into_iter().filter_map(|(name, kind)| Self::new(name, kind).ok()).collect()
    }

    /// Its name, as it stands in the addresses of its pages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it runs.
    pub fn kind(&self) -> ForgeKind {
        self.kind
    }

    /// Where its interface begins, without a slash at the end.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The one of `hosts` that has a name, `www.` aside.
    pub(crate) fn named<'h>(name: &str, hosts: &'h [Self]) -> Result<&'h Self> {
        let plain = name.to_ascii_lowercase();
        let plain = plain.strip_prefix("www.").unwrap_or(&plain);
        let found = hosts.iter().find(|host| host.name == plain);
        found.ok_or_else(|| Error::UnknownHost { host: name.to_owned() })
    }
}

/// Whether a text can be `owner/name`, or `group/sub/name` where groups nest.
pub(crate) fn is_repository(text: &str, kind: ForgeKind) -> bool {
    let parts = text.split('/').count();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let deep = match kind {
        ForgeKind::GitHub => parts == 2,
        // Groups nest twenty deep at most.
        ForgeKind::GitLab => (2..=21).contains(&parts),
    };
    deep && text.chars().all(plain) && RelPath::new(text).is_ok_and(|path| path.as_str() == text)
}
