use std::env;

use mlxcode_models::{
    AgeFile, EnvironmentSecrets, Keychain, Lock, PassphraseFor, Secret, SecretName, Secrets,
};

use crate::dirs::Dirs;

/// Which variables hold which secret.
/// [`is_secret_variable`](mlxcode_base::is_secret_variable) knows them all.
const SECRETS: [(&str, &[&str]); 8] = [
    ("huggingface", &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN"]),
    ("openai", &["OPENAI_API_KEY"]),
    ("anthropic", &["ANTHROPIC_API_KEY"]),
    ("openrouter", &["OPENROUTER_API_KEY"]),
    ("ollama", &["OLLAMA_API_KEY"]),
    ("github", &["GITHUB_TOKEN", "GH_TOKEN"]),
    ("github-enterprise", &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]),
    ("gitlab", &["GITLAB_TOKEN"]),
];

/// What a face finds around it that secrets are read from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SecretSurroundings {
    /// Secrets that variables hold.
    pub environment: EnvironmentSecrets,
    /// Where the session's bus listens, over which keychains are asked on
    /// Linux.
    pub bus_address: Option<String>,
}

impl SecretSurroundings {
    /// What the environment says: `HF_TOKEN`, or what it was called before, is
    /// the secret `huggingface`, `OPENAI_API_KEY` is `openai`, and so on;
    /// `DBUS_SESSION_BUS_ADDRESS`, or the socket `bus` in `XDG_RUNTIME_DIR`, is
    /// the session's bus.
    ///
    /// Meant for faces, as [`Dirs::from_env`] is.
    #[allow(clippy::disallowed_methods, reason = "reads what only faces ask for, as Dirs does")]
    pub fn from_env() -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let mut environment = EnvironmentSecrets::default();
        // The older names come later: the first that is set counts.
        for (name, variables) in SECRETS {
            let value = variables.iter().copied().find_map(variable);
            let value = value.and_then(|value| Secret::new(value).ok());
            if let (Some(value), Ok(name)) = (value, SecretName::new(name)) {
                environment = environment.with(name, value);
            }
        }
        let socket = || {
            let path = format!("{}/bus", variable("XDG_RUNTIME_DIR")?);
            std::path::Path::new(&path).exists().then(|| format!("unix:path={path}"))
        };
        Self { environment, bus_address: variable("DBUS_SESSION_BUS_ADDRESS").or_else(socket) }
    }
}

impl SecretSurroundings {
    /// The secret that a variable holds.
    pub fn given(&self, name: &SecretName) -> Option<Secret> {
        let found = mlxcode_models::SecretStore::get(&self.environment, name);
        found.ok().flatten()
    }
}

/// Passphrases that a person typed before; `None`: nobody did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Passphrases {
    /// The one that opens the file of secrets.
    pub opening: Option<Secret>,
    /// The one that it is locked with from now on.
    pub locking: Option<Secret>,
}

/// The secrets of a user: those of the environment, those of the keychain, and
/// those of an encrypted file in the configuration folder, in this order.
///
/// Where `interactive`, a locked keychain may open a window and ask for its
/// password.
pub fn secrets(
    dirs: &Dirs,
    surroundings: SecretSurroundings,
    interactive: bool,
    lock: Lock,
    passphrases: Passphrases,
) -> Secrets {
    let SecretSurroundings { environment, bus_address } = surroundings;
    let file = AgeFile::new(&dirs.config).locked_by(lock).asking(move |reason| match reason {
        PassphraseFor::Opening => passphrases.opening.clone(),
        _ => passphrases.locking.clone(),
    });
    let keychain = Keychain::new(bus_address, interactive);
    Secrets::new(vec![Box::new(environment), Box::new(keychain), Box::new(file)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_program_that_is_started_inherits_a_secret() {
        for name in SECRETS.iter().flat_map(|(_, names)| *names) {
            assert!(mlxcode_base::is_secret_variable(name), "{name}");
        }
        assert!(SECRETS.iter().all(|(name, _)| SecretName::new(name).is_ok()));
    }
}
