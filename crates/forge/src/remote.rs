use crate::error::{Error, Result};
use crate::host::{Host, is_repository};

/// The repository that a git remote leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRepository {
    /// The host.
    pub host: Host,
    /// `owner/name`, or deeper on GitLab.
    pub repository: String,
}

impl RemoteRepository {
    /// Reads the address of a git remote: `https://host/owner/name.git`,
    /// `ssh://git@host:22/owner/name`, `git@host:owner/name.git`.
    ///
    /// # Errors
    /// [`Error::UnknownHost`] of a host that is not in `hosts`.
    pub fn of_url(url: &str, hosts: &[Host]) -> Result<Self> {
        let url = url.trim();
        let bad = || Error::UnknownHost { host: crate::address::without_secrets(url) };
        let (authority, path) = match url.split_once("://") {
            Some(("https" | "http" | "ssh" | "git" | "git+ssh" | "ssh+git", rest)) => {
                rest.split_once('/').ok_or_else(bad)?
            }
            Some(_) => return Err(bad()),
            // A colon before the first slash: the form of scp.
            None => url.split_once(':').filter(|(host, _)| !host.contains('/')).ok_or_else(bad)?,
        };
        let name = authority.rsplit_once('@').map_or(authority, |(_, name)| name);
        let known = Host::named(name, hosts).or_else(|error| {
            // A port of ssh says nothing of where the pages are.
            let bare = name.rsplit_once(':').map(|(bare, _)| bare);
            // GitHub and GitLab take ssh at other names where port 22 is shut.
            let bare = bare.unwrap_or(name);
            let bare =
                bare.strip_prefix("ssh.").or_else(|| bare.strip_prefix("altssh.")).unwrap_or(bare);
            Host::named(bare, hosts).map_err(|_| error)
        })?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        if !is_repository(path, known.kind()) {
            return Err(bad());
        }
        Ok(Self { host: known.clone(), repository: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::ForgeKind;

    #[test]
    fn every_form_of_a_remote_is_read() {
        let mut hosts = Host::usual();
        hosts.push(Host::new("git.example.org", ForgeKind::GitLab).unwrap());
        hosts.push(Host::new("git.example.org:8443", ForgeKind::GitHub).unwrap());
        let check = |url: &str, expect: Option<(&str, &str)>| {
            let found = RemoteRepository::of_url(url, &hosts).ok();
            let told = found.as_ref().map(|found| (found.host.name(), found.repository.as_str()));
            assert_eq!(told, expect, "{url}");
        };
        check("https://github.com/a/b.git", Some(("github.com", "a/b")));
        check("https://github.com/a/b", Some(("github.com", "a/b")));
        check("https://user:secret@github.com/a/b/", Some(("github.com", "a/b")));
        check("git@github.com:a/b.git", Some(("github.com", "a/b")));
        check("github.com:a/b", Some(("github.com", "a/b")));
        check("ssh://git@ssh.github.com:443/a/b.git", Some(("github.com", "a/b")));
        check("ssh://git@git.example.org:2222/g/s/b.git", Some(("git.example.org", "g/s/b")));
        check("https://git.example.org:8443/a/b", Some(("git.example.org:8443", "a/b")));
        check("/srv/git/b.git", None);
        check("../b", None);
        check("file:///srv/a/b", None);
        check("git@evil.org:a/b.git", None);
        check("https://github.com/a", None);
        check("https://github.com/a/b/c", None);
    }

    #[test]
    fn an_error_shows_no_password() {
        let error = RemoteRepository::of_url("https://me:secret@evil.org/a/b", &Host::usual());
        assert!(!format!("{:?}", error.unwrap_err()).contains("secret"));
    }
}
