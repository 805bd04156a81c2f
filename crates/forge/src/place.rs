use crate::address::without_secrets;
use crate::error::{Error, Result};
use crate::host::{ForgeKind, Host, is_repository};

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// An issue.
    Issue,
    /// A pull request or a merge request.
    Change,
    /// The text does not tell: `owner/name#12` is either on GitHub.
    Either,
}

/// An issue or a change of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: Host,
    /// `owner/name`, or deeper on GitLab.
    pub repository: String,
    /// What the number means.
    pub kind: PlaceKind,
    /// The number.
    pub number: u64,
}

impl Place {
    /// Reads the address of a page of one of `hosts`.
    pub fn of_url(url: &str, hosts: &[Host]) -> Result<Self> {
        let bad = || Error::NoPlace { text: without_secrets(url) };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let plain = rest.ok_or_else(bad)?.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = plain.split_once('/').ok_or_else(bad)?;
        let name = authority.rsplit_once('@').map_or(authority, |(_, name)| name);
        let host = Host::named(name, hosts)?;
        let path = path.trim_end_matches('/');
        // `owner/name/pull/12/files`, `group/name/-/merge_requests/12/diffs`
        let (repository, kind, rest) = match host.kind() {
            ForgeKind::GitHub => cut(path, "/pull/", "/issues/"),
            ForgeKind::GitLab => cut(path, "/-/merge_requests/", "/-/issues/")
                .or_else(|| cut(path, "/merge_requests/", "/issues/")),
        }
        .ok_or_else(bad)?;
        let number = number(rest.split('/').next().unwrap_or_default()).ok_or_else(bad)?;
        Self::new(host, repository, kind, number).ok_or_else(bad)
    }

    /// Reads what a person types: an address, `owner/name#12`,
    /// `group/name!12`, or, with `here`, `#12`, `!12` and `12`.
    pub fn parse(text: &str, hosts: &[Host], here: Option<(&Host, &str)>) -> Result<Self> {
        let text = text.trim();
        if text.contains("://") {
            return Self::of_url(text, hosts);
        }
        let bad = || Error::NoPlace { text: without_secrets(text) };
        let at = text.rfind(['#', '!']);
        let (repository, sign, digits) = match at {
            Some(at) => (&text[..at], text.as_bytes()[at], &text[at + 1..]),
            None => ("", b'#', text),
        };
        let number = number(digits).ok_or_else(bad)?;
        let (host, repository) = match (repository, here) {
            ("", Some((host, repository))) => (host, repository),
            ("", None) => return Err(bad()),
            (repository, here) => {
                let wanted = if sign == b'!' { ForgeKind::GitLab } else { ForgeKind::GitHub };
                let host = here
                    .map(|(host, _)| host)
                    .filter(|host| sign != b'!' || host.kind() == ForgeKind::GitLab);
                let host = host.or_else(|| hosts.iter().find(|host| host.kind() == wanted));
                (host.ok_or_else(bad)?, repository)
            }
        };
        let kind = match (host.kind(), sign) {
            (ForgeKind::GitLab, b'!') => PlaceKind::Change,
            (ForgeKind::GitLab, _) if at.is_some() => PlaceKind::Issue,
            _ => PlaceKind::Either,
        };
        Self::new(host, repository, kind, number).ok_or_else(bad)
    }

    fn new(host: &Host, repository: &str, kind: PlaceKind, number: u64) -> Option<Self> {
        is_repository(repository, host.kind()).then(|| Self {
            host: host.clone(),
            repository: repository.to_owned(),
            kind,
            number,
        })
    }
}

fn cut<'p>(path: &'p str, change: &str, issue: &str) -> Option<(&'p str, PlaceKind, &'p str)> {
    let found = |mark: &str, kind| {
        let (repository, rest) = path.split_once(mark)?;
        Some((repository, kind, rest))
    };
    found(change, PlaceKind::Change).or_else(|| found(issue, PlaceKind::Issue))
}

/// Numbers count from one.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use PlaceKind::{Change, Either, Issue};

    fn hosts() -> Vec<Host> {
        let mut hosts = Host::usual();
        hosts.push(Host::new("git.example.org", ForgeKind::GitLab).unwrap());
        hosts
    }

    #[test]
    fn addresses_of_pages_are_read() {
        let check = |url: &str, expect: Option<(&str, &str, PlaceKind, u64)>| {
            let place = Place::of_url(url, &hosts()).ok();
            let told = place.as_ref().map(|place| {
                (place.host.name(), place.repository.as_str(), place.kind, place.number)
            });
            assert_eq!(told, expect, "{url}");
        };
        check("https://github.com/a/b/pull/12", Some(("github.com", "a/b", Change, 12)));
        check(
            "https://www.github.com/a/b/pull/12/files#r1",
            Some(("github.com", "a/b", Change, 12)),
        );
        check("https://github.com/a/b/issues/3?x=1", Some(("github.com", "a/b", Issue, 3)));
        check(
            "https://gitlab.com/g/s/b/-/merge_requests/7/diffs",
            Some(("gitlab.com", "g/s/b", Change, 7)),
        );
        check("https://gitlab.com/g/b/-/issues/7", Some(("gitlab.com", "g/b", Issue, 7)));
        check(
            "https://git.example.org/g/b/-/issues/7/",
            Some(("git.example.org", "g/b", Issue, 7)),
        );
        check("https://github.com/a/b", None);
        check("https://github.com/a/b/pull/0", None);
        check("https://github.com/a/b/pull/x", None);
        check("https://github.com/a/../pull/1", None);
        check("https://evil.org/a/b/pull/1", None);
        check("https://github.com.evil.org/a/b/pull/1", None);
        check("ftp://github.com/a/b/pull/1", None);
    }

    #[test]
    fn short_names_are_read() {
        let lab = Host::new("git.example.org", ForgeKind::GitLab).unwrap();
        let hub = &Host::usual()[0];
        let check =
            |text: &str, here: Option<(&Host, &str)>, expect: Option<(&str, &str, PlaceKind)>| {
                let place = Place::parse(text, &hosts(), here).ok();
                let told = place
                    .as_ref()
                    .map(|place| (place.host.name(), place.repository.as_str(), place.kind));
                assert_eq!(told, expect, "{text}");
            };
        check("a/b#12", None, Some(("github.com", "a/b", Either)));
        check("g/s/b!12", None, Some(("gitlab.com", "g/s/b", Change)));
        check("#12", Some((hub, "a/b")), Some(("github.com", "a/b", Either)));
        check("12", Some((&lab, "g/b")), Some(("git.example.org", "g/b", Either)));
        check("!12", Some((&lab, "g/b")), Some(("git.example.org", "g/b", Change)));
        check("x/y!3", Some((hub, "a/b")), Some(("gitlab.com", "x/y", Change)));
        check("#12", None, None);
        check("a#12", None, None);
        check("a/b#", None, None);
        check("a/b", None, None);
    }
}
