//! Addresses: what is sent where.

use ureq::http::Uri;

use crate::error::{HubError, Result};

/// Everything but what RFC 3986 calls unreserved is escaped; `/` as well,
/// unless it stands in `keep`.
pub fn escape(text: &str, keep: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || keep.as_bytes().contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Reads the hub's address.
pub fn endpoint(text: &str) -> Result<Uri> {
    let bad =
        |range| HubError::BadOption { option: "endpoint", value: without_secrets(text), range };
    let whole = "an address such as `https://huggingface.co`";
    let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| bad(whole))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad(whole).into());
    };
    if !matches!(scheme, "http" | "https") || uri.query().is_some() {
        return Err(bad(whole).into());
    }
    if authority.as_str().contains('@') {
        return Err(bad("without a name and password; a token goes into HF_TOKEN").into());
    }
    Ok(uri)
}

/// Reads the address of a text; it may have a query.
///
/// # Errors
/// Why it cannot be asked, without the address.
pub fn endpoint_of_text(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| "it is no address".to_owned())?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(authority)) if !authority.as_str().contains('@') => Ok(uri),
        (Some("http" | "https"), Some(_)) => Err("it holds a name and a password".to_owned()),
        _ => Err("it is no address of the web".to_owned()),
    }
}

/// An address without what may be a secret in it: a query, a name, a password.
pub fn without_secrets(text: &str) -> String {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match plain.find("://") {
        Some(at) => plain.split_at(at + 3),
        None => ("", plain),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    // A password with a slash in it ends the authority too early: what is
    // left of it then is no port.
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host = authority.rsplit_once(':').is_none_or(|(_, port)| is_port(port));
    let shown = match authority.rsplit_once('@') {
        Some((names, _)) => &rest[names.len() + 1..],
        None if is_host => rest,
        None => rest.rsplit_once('@').map_or(rest, |(_, host)| host),
    };
    format!("{scheme}{shown}")
}

/// Host and path, for people: the query of a redirect is a secret.
pub fn without_query(uri: &Uri) -> String {
    format!("{}{}", host(uri), uri.path())
}

/// The host, with its port where it is named.
pub fn host(uri: &Uri) -> &str {
    uri.authority().map_or("", |authority| {
        let text = authority.as_str();
        text.rsplit_once('@').map_or(text, |(_, host)| host)
    })
}

/// Whether two addresses are of the same scheme, host and port.
pub fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| {
        uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        })
    };
    let name = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    a.scheme() == b.scheme() && name(a) == name(b) && port(a) == port(b)
}

/// Where a redirect leads; `None` where it must not be followed: to another
/// scheme than the web's, or from a secure address to an open one.
pub fn redirected(from: &Uri, location: &str) -> Option<Uri> {
    let to: Uri = if location.starts_with("//") {
        format!("{}:{location}", from.scheme_str()?).parse().ok()?
    } else if location.starts_with('/') {
        format!("{}://{}{location}", from.scheme_str()?, from.authority()?).parse().ok()?
    } else if location.contains("://") {
        location.parse().ok()?
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let (scheme, authority) = (from.scheme_str()?, from.authority()?);
        format!("{scheme}://{authority}{folder}/{location}").parse().ok()?
    };
    match (from.scheme_str()?, to.scheme_str()?) {
        ("http", "http") | ("http" | "https", "https") => Some(to),
        _ => None,
    }
}

/// The address of the next page in a `Link` header (RFC 8288).
pub fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|one| {
        let (target, parameters) = one.trim().strip_prefix('<')?.split_once('>')?;
        let next = |parameter: &str| {
            let plain: String = parameter.split_whitespace().collect();
            matches!(&*plain, "rel=\"next\"" | "rel=next")
        };
        parameters.split(';').any(next).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn a_redirect_leads_where_it_says() {
        let check = |from: &str, location: &str, expect: Option<&str>| {
            assert_eq!(redirected(&uri(from), location), expect.map(uri), "{location}");
        };
        check("https://a.b/x/y", "https://c.d/z?q=1", Some("https://c.d/z?q=1"));
        check("https://a.b:8/x/y", "/z", Some("https://a.b:8/z"));
        check("https://a.b/x/y", "z", Some("https://a.b/x/z"));
        check("https://a.b/x/y", "//c.d/z", Some("https://c.d/z"));
        check("http://a.b/x", "https://c.d/z", Some("https://c.d/z"));
        check("http://a.b/x", "http://c.d/z", Some("http://c.d/z"));
        check("https://a.b/x", "http://c.d/z", None);
        check("https://a.b/x", "file:///etc/passwd", None);
        check("https://a.b/x", "ftp://c.d/z", None);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let check = |a: &str, b: &str, expect: bool| {
            assert_eq!(same_origin(&uri(a), &uri(b)), expect, "{a} {b}");
        };
        check("https://hub.co/a", "https://HUB.co:443/b", true);
        check("https://hub.co/a", "http://hub.co/a", false);
        check("https://hub.co/a", "https://cdn.hub.co/a", false);
        check("http://127.0.0.1:1/a", "http://127.0.0.1:2/a", false);
        check("https://hub.co/a", "https://hub.co.evil/a", false);
    }

    #[test]
    fn the_next_page_is_named_by_its_relation() {
        let check =
            |link: &str, expect: Option<&str>| assert_eq!(next_page(link), expect, "{link}");
        check("<https://h/t?cursor=a>; rel=\"next\"", Some("https://h/t?cursor=a"));
        check("<https://h/1>; rel=\"prev\", <https://h/3>; rel=\"next\"", Some("https://h/3"));
        check("<https://h/1>; rel=\"prev\"", None);
        check("", None);
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        let check = |text: &str, expect: &str| assert_eq!(without_secrets(text), expect);
        check("https://a.b/c.toml", "https://a.b/c.toml");
        check("https://a.b:8/c@v1/d.toml", "https://a.b:8/c@v1/d.toml");
        check("https://a.b/c.toml?token=x#y", "https://a.b/c.toml");
        check("https://me:secret@a.b:8/c.toml", "https://a.b:8/c.toml");
        check("me:secret@a.b/c.toml", "a.b/c.toml");
        check("https://me:sec/ret@a.b/c.toml", "https://a.b/c.toml");
    }

    #[test]
    fn an_endpoint_is_an_address_of_the_web() {
        for good in ["https://huggingface.co", "http://127.0.0.1:8000/", "https://mirror.org/hf"] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in
            ["", "huggingface.co", "ftp://a.b", "https://me:secret@a.b", "https://a.b?k=secret"]
        {
            let error = endpoint(bad).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_an_address_would_split_is_escaped() {
        assert_eq!(escape("refs/pr/1", ""), "refs%2Fpr%2F1");
        assert_eq!(escape("a b/ü?.gguf", "/"), "a%20b/%C3%BC%3F.gguf");
    }
}
