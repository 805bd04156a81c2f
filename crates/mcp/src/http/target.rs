use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};

use crate::error::{Error, Result};
use crate::options::NetworkPolicy;

/// An address that may be asked.
pub(crate) struct Target {
    url: Arc<str>,
    headers: HashMap<HeaderName, HeaderValue>,
    network: NetworkPolicy,
}

impl Target {
    /// Looks at an address before anything is asked, a name's address least
    /// of all.
    pub(crate) fn new(
        server: &str,
        url: &str,
        headers: HashMap<HeaderName, HeaderValue>,
        network: NetworkPolicy,
    ) -> Result<Self> {
        let bad = |reason: &str| Error::BadServer {
            server: server.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: Uri = url.parse().map_err(|_| bad("its `url` is no address"))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| bad("its `url` has no host"))?.to_owned();
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(bad("its `url` holds a password; put it into `headers`"));
        }
        let here = is_loopback(&host);
        let allowed = match network {
            NetworkPolicy::Allowed => true,
            NetworkPolicy::LoopbackOnly => here,
            NetworkPolicy::Offline => false,
        };
        if !allowed {
            return Err(Error::Offline { server: server.to_owned(), host });
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if here || headers.is_empty() => {}
            Some("http") => return Err(Error::Cleartext { server: server.to_owned(), host }),
            _ => return Err(bad("its `url` is neither http nor https")),
        }
        Ok(Self { url: Arc::from(url), headers, network })
    }

    pub(crate) fn url(&self) -> Arc<str> {
        Arc::clone(&self.url)
    }

    pub(crate) fn headers(&self) -> HashMap<HeaderName, HeaderValue> {
        self.headers.clone()
    }

    pub(crate) fn network(&self) -> NetworkPolicy {
        self.network
    }
}

/// Whether a host is this machine by its name alone.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlxcode_base::Diagnostic;

    fn check(url: &str, network: NetworkPolicy, with_header: bool) -> &'static str {
        let mut headers = HashMap::new();
        if with_header {
            let value = HeaderValue::from_static("Bearer x");
            headers.insert(http::header::AUTHORIZATION, value);
        }
        match Target::new("s", url, headers, network) {
            Ok(_) => "ok",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn offline_refuses_every_address() {
        use NetworkPolicy::{Allowed, LoopbackOnly, Offline};
        for url in ["http://localhost:1/mcp", "http://127.0.0.1:1", "https://[::1]:1/mcp"] {
            assert_eq!(check(url, Offline, false), "mcp.offline", "{url}");
            assert_eq!(check(url, LoopbackOnly, true), "ok", "{url}");
        }
        for url in [
            "https://example.org/mcp",
            "https://127.0.0.1.example.org",
            "https://localhost.example.org",
            "https://0.0.0.0",
            "https://[::2]",
        ] {
            assert_eq!(check(url, Offline, false), "mcp.offline", "{url}");
            assert_eq!(check(url, LoopbackOnly, false), "mcp.offline", "{url}");
            assert_eq!(check(url, Allowed, true), "ok", "{url}");
        }
    }

    #[test]
    fn headers_go_over_https_or_stay_here() {
        use NetworkPolicy::Allowed;
        assert_eq!(check("http://example.org/mcp", Allowed, false), "ok");
        assert_eq!(check("http://example.org/mcp", Allowed, true), "mcp.cleartext");
        assert_eq!(check("http://127.0.0.1:8000/mcp", Allowed, true), "ok");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        use NetworkPolicy::Allowed;
        for url in ["", "mcp", "/mcp", "ftp://example.org", "https://a:b@example.org", "http://"] {
            assert_eq!(check(url, Allowed, false), "mcp.bad_server", "{url}");
        }
    }
}
