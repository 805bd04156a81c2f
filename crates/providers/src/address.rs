//! Addresses: where a provider is, and whether that is this machine.

// The types alone: nothing here opens a socket.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;

use crate::error::ProviderError;

/// Where a provider is.
#[derive(Clone, Debug)]
pub struct Address {
    base: String,
    host: String,
    loopback: bool,
}

impl Address {
    /// Reads the address of a provider.
    ///
    /// # Errors
    /// What is no address, `http://` of another machine, and an address with
    /// a name, a password or a query: these may be secrets, and would be sent
    /// or shown where nobody expects it.
    pub fn read(provider: &str, url: &str) -> Result<Self, ProviderError> {
        let bad = |reason| ProviderError::BadUrl {
            provider: provider.to_owned(),
            url: without_secrets(url),
            reason,
        };
        let uri: Uri = url.trim().parse().map_err(|_| bad("is no address of the web"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("is no address of the web"));
        };
        // Also where a slash in a password ends the host too early.
        if url.contains('@') {
            return Err(bad("holds a name and a password"));
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(bad("has something after its path"));
        }
        let loopback = is_loopback(authority.host());
        match scheme {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(bad("is not encrypted")),
            _ => return Err(bad("is no address of the web")),
        }
        Ok(Self {
            base: url.trim().trim_end_matches('/').to_owned(),
            host: authority.as_str().to_owned(),
            loopback,
        })
    }

    /// Host and port, for people.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// An address below it; the path begins with `/`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address without a `/v1` at its end, where a server keeps what is
    /// its own.
    pub fn root(&self) -> Self {
        let base = self.base.strip_suffix("/v1").unwrap_or(&self.base).to_owned();
        Self { base, ..self.clone() }
    }

    /// The address with a `/v1` at its end, unless it has a path of its own:
    /// some keep the protocol elsewhere.
    pub fn versioned(&self) -> Self {
        let path = self.base.splitn(4, '/').nth(3);
        let base = match path {
            None => format!("{}/v1", self.base),
            Some(_) => self.base.clone(),
        };
        Self { base, ..self.clone() }
    }
}

/// Whether a host of an address is this machine: by its number, or by the name
/// that RFC 6761 keeps for it, which is never looked up (see `resolve.rs`).
pub fn is_loopback(host: &str) -> bool {
    is_localhost(host) || number(host).is_some_and(|ip| ip.is_loopback())
}

/// Whether it is the name of this machine.
pub fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn number(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// An address without what may be a secret in it: a query, a name, a password.
fn without_secrets(text: &str) -> String {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match plain.find("://") {
        Some(at) => plain.split_at(at + 3),
        None => ("", plain),
    };
    let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    crate::visible::one_line(&format!("{scheme}{shown}"), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_encrypted_or_of_this_machine() {
        for (good, loopback) in [
            ("https://api.openai.com/v1", false),
            ("https://host:8443/", false),
            ("http://127.0.0.1:8080/v1", true),
            ("http://127.8.9.1", true),
            ("http://localhost:11434", true),
            ("http://LOCALHOST.:1", true),
            ("http://[::1]:8080", true),
            ("https://127.0.0.1", true),
            ("https://127.0.0.1.evil.org", false),
            ("https://localhost.evil.org", false),
        ] {
            assert_eq!(Address::read("x", good).unwrap().is_loopback(), loopback, "{good}");
        }
        for bad in [
            "",
            "api.openai.com",
            "http://api.openai.com/v1",
            "http://10.0.0.1:8080",
            "http://127.0.0.1.evil.org",
            "http://localhost.evil.org",
            "http://0.0.0.0:1",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://me:secret@host/v1",
            "https://me:sec/ret@host/v1",
            "https://host/v1?key=secret",
            "https://host/v1#secret",
        ] {
            let error = Address::read("x", bad).unwrap_err();
            assert!(
                !error.to_string().contains("secret") && !error.to_string().contains("sec/"),
                "{error}"
            );
        }
    }

    #[test]
    fn paths_stand_below_it() {
        let address = Address::read("x", "https://host/api/v1/").unwrap();
        assert_eq!(address.join("/models"), "https://host/api/v1/models");
        assert_eq!(address.root().join("/props"), "https://host/api/props");
        assert_eq!(address.versioned().join("/x"), "https://host/api/v1/x");
        let elsewhere = Address::read("x", "https://host/v1beta/openai").unwrap();
        assert_eq!(elsewhere.versioned().join("/x"), "https://host/v1beta/openai/x");
        let bare = Address::read("x", "http://localhost:8080").unwrap();
        assert_eq!(bare.versioned().join("/models"), "http://localhost:8080/v1/models");
        assert_eq!(bare.host(), "localhost:8080");
    }
}
