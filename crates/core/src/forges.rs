//! Issues and changes where the repository of a workspace is published.

use mlxcode_base::CancelToken;
use mlxcode_forge::{
    ChangeRequest, Error, Forge, ForgeKind, ForgeOptions, Host, Issue, Place, RemoteRepository,
};
use mlxcode_models::SecretName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Result;
use crate::workspace::Workspace;

/// A host of repositories, as a configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgeConfig {
    /// What it runs.
    #[schemars(with = "KindName")]
    pub kind: ForgeKind,
    /// Where its interface is, where that is not the usual place of what it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The name of the secret that is its token; without one, the secret that is
    /// called like the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The names of [`ForgeKind`], for the schema.
#[derive(JsonSchema)]
#[schemars(rename = "ForgeKind")]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its names are used")]
enum KindName {
    /// GitHub, or GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

impl ForgeConfig {
    /// The host that it describes.
    pub(crate) fn host(&self, name: &str) -> Result<Host, Error> {
        match &self.api {
            Some(api) => Host::with_api(name, self.kind, api),
            None => Host::new(name, self.kind),
        }
    }
}

impl Config {
    /// The hosts that are known: the public ones, and those of the
    /// configuration, which go first.
    pub fn forge_hosts(&self) -> Result<Vec<Host>> {
        let own = self.forges.iter().map(|(name, forge)| Ok(forge.host(name)?));
        let own: Vec<Host> = own.collect::<Result<_>>()?;
        Ok([own, Host::usual()].concat())
    }

    /// The name of the secret that is the token for a host: the configured one,
    /// `github` and `gitlab` of the public ones, else that of the host. A token
    /// for one host is never taken for another.
    pub fn forge_key(&self, host: &Host) -> Result<SecretName> {
        let configured = self.forges.get(host.name()).and_then(|forge| forge.key.as_deref());
        let name = match (configured, host.name()) {
            (Some(key), _) => key.to_owned(),
            (None, "github.com") => "github".to_owned(),
            (None, "gitlab.com") => "gitlab".to_owned(),
            // A port has a colon, which no secret's name has.
            (None, name) => name.replace(':', "-"),
        };
        Ok(SecretName::new(&name)?)
    }
}

impl Workspace {
    /// Reads which issue or change a text names: an address, `owner/name#12`, or
    /// a number in the repository that `origin` leads to.
    pub fn change_place(&self, text: &str, hosts: &[Host]) -> Result<Place> {
        let origin = self.repository().ok().and_then(|one| one.remote_url("origin").ok().flatten());
        let here = origin.and_then(|url| RemoteRepository::of_url(&url, hosts).ok());
        let here = here.as_ref().map(|here| (&here.host, here.repository.as_str()));
        Ok(Place::parse(text, hosts, here)?)
    }

    /// Reads a pull request or a merge request.
    pub fn read_change(
        &self,
        place: &Place,
        options: &ForgeOptions,
        cancel: &CancelToken,
    ) -> Result<ChangeRequest> {
        let forge = Forge::new(&place.host, options)?;
        Ok(forge.change(&place.repository, place.number, cancel)?)
    }

    /// Reads an issue, with what was said.
    pub fn read_issue(
        &self,
        place: &Place,
        options: &ForgeOptions,
        cancel: &CancelToken,
    ) -> Result<Issue> {
        let forge = Forge::new(&place.host, options)?;
        Ok(forge.issue(&place.repository, place.number, cancel)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_that_of_its_host() {
        let text = r#"{"forges": {
            "git.example.org": {"kind": "gitlab"},
            "code.example.org:8443": {"kind": "github"},
            "work.example.org": {"kind": "gitlab", "key": "work", "api": "https://x.org/lab/api/v4"}
        }}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let hosts = config.forge_hosts().unwrap();
        let names: Vec<_> = hosts
            .iter()
            .map(|host| (host.name(), config.forge_key(host).unwrap().to_string()))
            .collect();
        let name = |name: &str| {
            let found = names.iter().find(|(one, _)| *one == name);
            found.map(|(_, key)| key.clone()).unwrap()
        };
        assert_eq!(name("github.com"), "github");
        assert_eq!(name("gitlab.com"), "gitlab");
        assert_eq!(name("git.example.org"), "git.example.org");
        assert_eq!(name("code.example.org:8443"), "code.example.org-8443");
        assert_eq!(name("work.example.org"), "work");
        assert_eq!(hosts[2].api(), "https://x.org/lab/api/v4");
    }
}
