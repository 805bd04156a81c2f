use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use mlxcode_models::hub::{HubOptions, NetworkPolicy, Token};

use crate::error::Result;
use crate::input::InputError;

/// A token has some forty letters.
const MOST_TOKEN_BYTES: u64 = 4096;

/// What a face knows of the hub: the same variables that Python's
/// `huggingface_hub` reads.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubSettings {
    /// `HF_ENDPOINT`.
    pub endpoint: Option<String>,
    /// `HF_TOKEN`, else the file that a login wrote.
    pub token: Option<String>,
    /// `HF_HUB_CACHE`, else `hub` below `HF_HOME`, else below
    /// `~/.cache/huggingface`. `None` where the environment names no home.
    pub cache_dir: Option<PathBuf>,
    /// `HF_HUB_OFFLINE`.
    pub offline: bool,
    /// `HTTPS_PROXY`, for a hub that is not on this machine.
    pub proxy: Option<String>,
}

impl HubSettings {
    /// What the environment says. Meant for faces: a program that embeds the
    /// library passes values of its own.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads it for the hub")]
    pub fn from_env() -> Self {
        Self::of(&|name| env::var_os(name), env::home_dir())
    }

    fn of(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name)?.into_string().ok();
        let home = home.filter(|home| !home.as_os_str().is_empty());
        let folder = |name: &str| {
            let path = PathBuf::from(set(name)?);
            // As a shell would have done it, had it seen the `~`.
            match (path.strip_prefix("~"), &home) {
                (Ok(rest), Some(home)) => Some(home.join(rest)),
                _ => Some(path),
            }
        };
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(home.as_ref()?.join(".cache")));
        let hf_home = folder("HF_HOME").or_else(|| Some(caches?.join("huggingface")));
        let token_file = folder("HF_TOKEN_PATH").or_else(|| Some(hf_home.as_ref()?.join("token")));
        let truth = |name: &str| {
            let value = text(name).unwrap_or_default().to_ascii_uppercase();
            matches!(&*value, "1" | "ON" | "YES" | "TRUE")
        };
        let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        Self {
            endpoint: text("HF_ENDPOINT"),
            token: text("HF_TOKEN").or_else(|| read_token(token_file?)),
            cache_dir: folder("HF_HUB_CACHE").or_else(|| Some(hf_home?.join("hub"))),
            offline: truth("HF_HUB_OFFLINE"),
            proxy: proxies.into_iter().find_map(text),
        }
    }

    /// The same as the library takes it.
    ///
    /// # Errors
    /// Where there is no folder for the cache, or a token cannot be one.
    pub fn options(&self) -> Result<HubOptions> {
        let cache_dir = self.cache_dir.as_ref().ok_or(InputError::NoHome)?;
        let mut options = HubOptions::new(cache_dir);
        if let Some(endpoint) = &self.endpoint {
            options.endpoint.clone_from(endpoint);
        }
        options.token = self.token.as_deref().map(Token::new).transpose()?;
        if self.offline {
            options.network = NetworkPolicy::Offline;
        }
        let host = options.endpoint.split("://").nth(1).unwrap_or_default();
        let here = ["localhost", "127.", "[::1]"].iter().any(|name| host.starts_with(name));
        options.proxy = self.proxy.clone().filter(|_| !here);
        Ok(options)
    }
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("cache_dir", &self.cache_dir)
            .field("offline", &self.offline)
            .field("proxy", &self.proxy.as_ref().map(|_| "…"))
            .finish()
    }
}

fn read_token(path: PathBuf) -> Option<String> {
    let meta = fs::metadata(&path).ok()?;
    if !meta.is_file() || meta.len() > MOST_TOKEN_BYTES {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)], home: &str) -> HubSettings {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        HubSettings::of(&find, Some(PathBuf::from(home)))
    }

    #[test]
    fn the_cache_is_where_python_has_it() {
        let check = |variables: &[(&str, &str)], expect: &str| {
            let found = settings(variables, "/nowhere/me").cache_dir;
            assert_eq!(found, Some(PathBuf::from(expect)), "{variables:?}");
        };
        check(&[], "/nowhere/me/.cache/huggingface/hub");
        check(&[("XDG_CACHE_HOME", "/c")], "/c/huggingface/hub");
        check(&[("HF_HOME", "/hf")], "/hf/hub");
        check(&[("HF_HOME", "~/hf")], "/nowhere/me/hf/hub");
        check(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/cache")], "/cache");
        check(&[("HF_HOME", "")], "/nowhere/me/.cache/huggingface/hub");
        assert_eq!(HubSettings::of(&|_| None, None).options().unwrap_err().code(), "input.no_home");
    }

    #[test]
    fn the_rest_is_taken_as_it_stands() {
        let found = settings(
            &[
                ("HF_ENDPOINT", "http://127.0.0.1:8000"),
                ("HF_TOKEN", "hf_secret"),
                ("HF_HUB_OFFLINE", "true"),
                ("HTTPS_PROXY", "http://proxy:1"),
            ],
            "/nowhere/me",
        );
        assert!(!format!("{found:?}").contains("hf_secret"));
        let options = found.options().unwrap();
        assert_eq!(options.endpoint, "http://127.0.0.1:8000");
        assert_eq!(options.network, NetworkPolicy::Offline);
        assert_eq!((options.token.is_some(), options.proxy), (true, None));
        let public = settings(&[("https_proxy", "http://proxy:1")], "/nowhere/me");
        assert_eq!(public.options().unwrap().proxy.as_deref(), Some("http://proxy:1"));
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")], "/nowhere/me").offline);
        let odd = settings(&[("HF_TOKEN", "two words")], "/nowhere/me").options().unwrap_err();
        assert!(!odd.sentence().contains("words"), "{odd}");
    }

    #[test]
    fn a_login_of_another_program_counts() {
        let temp = tempfile::tempdir().unwrap();
        let home = temp.path().to_str().unwrap();
        fs::write(temp.path().join("token"), "hf_file\n").unwrap();
        let found = |more: &[(&str, &str)]| {
            settings(&[&[("HF_HOME", home)], more].concat(), "/nowhere/me").token
        };
        assert_eq!(found(&[]).as_deref(), Some("hf_file"));
        assert_eq!(found(&[("HF_TOKEN", "hf_first")]).as_deref(), Some("hf_first"));
    }
}
