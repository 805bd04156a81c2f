use std::env;

use mlxcode_models::{
    AgeFile, EnvironmentSecrets, Keychain, Lock, PassphraseFor, Secret, SecretName, Secrets,
};

use crate::dirs::Dirs;

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
    /// the secret `huggingface`; `DBUS_SESSION_BUS_ADDRESS`, or the socket `bus`
    /// in `XDG_RUNTIME_DIR`, is the session's bus.
    ///
    /// Meant for faces, as [`Dirs::from_env`] is.
    #[allow(clippy::disallowed_methods, reason = "reads what only faces ask for, as Dirs does")]
    pub fn from_env() -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let token = mlxcode_base::SECRET_VARIABLES.into_iter().find_map(variable);
        let token = token.and_then(|value| Secret::new(value).ok());
        let environment = EnvironmentSecrets::default();
        let socket = || {
            let path = format!("{}/bus", variable("XDG_RUNTIME_DIR")?);
            std::path::Path::new(&path).exists().then(|| format!("unix:path={path}"))
        };
        Self {
            environment: match token {
                Some(token) => environment.with(SecretName::hugging_face(), token),
                None => environment,
            },
            bus_address: variable("DBUS_SESSION_BUS_ADDRESS").or_else(socket),
        }
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
