//! Addresses: what is sent where.

use ureq::http::Uri;

/// Everything but what RFC 3986 calls unreserved is escaped, `/` too.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The host, with its port where it is named.
pub fn host(uri: &Uri) -> &str {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
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

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    let name = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let mut parts = name.split('.');
    let four = parts.next() == Some("127")
        && parts.clone().count() == 3
        && parts.all(|part| part.parse::<u8>().is_ok());
    four || name == "::1" || name.eq_ignore_ascii_case("localhost")
}

/// Where an answer sends its reader.
pub fn relative_to(from: &Uri, location: &str) -> Option<Uri> {
    if location.starts_with('/') && !location.starts_with("//") {
        format!("{}://{}{location}", from.scheme_str()?, from.authority()?).parse().ok()
    } else {
        location.parse().ok().filter(|uri: &Uri| uri.scheme().is_some())
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

/// An address without what may be a secret in it: a query, a name, a password.
pub fn without_secrets(text: &str) -> String {
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    match plain.split_once("://") {
        Some((scheme, rest)) => {
            let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{shown}")
        }
        None => plain.rsplit_once('@').map_or(plain, |(_, host)| host).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_named_by_its_relation() {
        let check =
            |link: &str, expect: Option<&str>| assert_eq!(next_page(link), expect, "{link}");
        check(
            "<https://h/1>; rel=\"prev\", <https://h/3?page=3>; rel=\"next\"",
            Some("https://h/3?page=3"),
        );
        check("<https://h/1>; rel=\"last\"", None);
        check("rubbish", None);
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        let check = |host: &str, expect: bool| assert_eq!(is_loopback(host), expect, "{host}");
        check("127.0.0.1", true);
        check("127.9.0.1", true);
        check("[::1]", true);
        check("LocalHost", true);
        check("localhost.example.org", false);
        check("127.0.0.1.example.org", false);
        check("10.0.0.1", false);
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        let check = |text: &str, expect: &str| assert_eq!(without_secrets(text), expect);
        check("https://me:secret@a.b/c?token=x", "https://a.b/c");
        check("https://a.b/c#d", "https://a.b/c");
        check("git@a.b:c/d", "a.b:c/d");
    }

    #[test]
    fn an_address_is_relative_to_a_host_or_whole() {
        let from: Uri = "https://a.b/x".parse().unwrap();
        let check = |location: &str, expect: Option<&str>| {
            assert_eq!(relative_to(&from, location).map(|uri| uri.to_string()).as_deref(), expect);
        };
        check("/y?z=1", Some("https://a.b/y?z=1"));
        check("https://c.d/e", Some("https://c.d/e"));
        check("y", None);
    }
}
