use std::io;
use std::path::PathBuf;

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind};
use thiserror::Error;

use super::SecretPlace;

/// What can go wrong with a secret. None of these ever holds one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretProblem {
    /// It cannot be a secret's name. The name is left out: it may be the
    /// secret, typed in the wrong place.
    #[error("that cannot be a secret's name")]
    BadName,
    /// There is no value.
    #[error("the secret is empty")]
    Empty,
    /// The value is too long.
    #[error("the secret is longer than {most_bytes} bytes")]
    TooLong {
        /// The most bytes.
        most_bytes: usize,
    },
    /// Nobody has a secret of this name.
    #[error("there is no secret called {name}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// A place that can only be read.
    #[error("a secret cannot be written to {place}")]
    ReadOnly {
        /// The place.
        place: SecretPlace,
    },
    /// There is no keychain here.
    #[error("there is no keychain: {reason}")]
    NoKeychain {
        /// Why not.
        reason: String,
    },
    /// The keychain is locked, and nobody unlocked it.
    #[error("the keychain is locked")]
    KeychainLocked,
    /// The keychain did not answer.
    #[error("the keychain did not answer within {seconds} s")]
    KeychainSilent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The keychain refused or failed.
    #[error("the keychain failed: {reason}")]
    Keychain {
        /// What it said.
        reason: String,
    },
    /// The file of secrets needs a passphrase, and nobody gave one.
    #[error("{path} is locked with a passphrase")]
    FileLocked {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase, or the key, does not open the file.
    #[error("the {key} does not open {path}")]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// `passphrase` or `key`.
        key: &'static str,
    },
    /// The file is no file of secrets, or was changed.
    #[error("{path} is damaged: {reason}")]
    FileDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// Others may read the file.
    #[error("others than you may read {path} (its mode is {mode:o})")]
    FileOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Diagnostic for SecretProblem {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadName | Self::Empty | Self::TooLong { .. } | Self::ReadOnly { .. } => {
                ErrorKind::InvalidInput
            }
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NoKeychain { .. } | Self::Keychain { .. } => ErrorKind::Unavailable,
            Self::KeychainLocked
            | Self::FileLocked { .. }
            | Self::WrongKey { .. }
            | Self::FileOpen { .. } => ErrorKind::PermissionDenied,
            Self::KeychainSilent { .. } => ErrorKind::Timeout,
            Self::FileDamaged { .. } => ErrorKind::Corrupt,
            Self::Io { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadName => "secret.bad_name",
            Self::Empty => "secret.empty",
            Self::TooLong { .. } => "secret.too_long",
            Self::NotFound { .. } => "secret.not_found",
            Self::ReadOnly { .. } => "secret.read_only",
            Self::NoKeychain { .. } => "secret.no_keychain",
            Self::KeychainLocked => "secret.keychain_locked",
            Self::KeychainSilent { .. } => "secret.keychain_silent",
            Self::Keychain { .. } => "secret.keychain",
            Self::FileLocked { .. } => "secret.file_locked",
            Self::WrongKey { .. } => "secret.wrong_key",
            Self::FileDamaged { .. } => "secret.file_damaged",
            Self::FileOpen { .. } => "secret.file_open",
            Self::Io { .. } => "secret.io",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::BadName => {
                "use lower-case letters, digits, `.`, `-` and `_`; the secret itself is read from \
                 the standard input or asked for, never from the arguments"
                    .to_owned()
            }
            Self::Empty | Self::TooLong { .. } => {
                "pass the token as it was given to you".to_owned()
            }
            Self::NotFound { name } => format!("`mlx-code secret set {name}` keeps one"),
            Self::ReadOnly { .. } => "set the variable where it comes from".to_owned(),
            Self::NoKeychain { .. } => "`--in file` keeps it in an encrypted file".to_owned(),
            Self::KeychainLocked => {
                "unlock it, or keep secrets in an encrypted file with `--in file`".to_owned()
            }
            Self::KeychainSilent { .. } => {
                "answer its window, if it opened one; or keep secrets in an encrypted file with \
                 `--in file`"
                    .to_owned()
            }
            Self::Keychain { .. } => {
                "look at the keychain's own program, or use `--in file`".to_owned()
            }
            Self::FileLocked { .. } => "run it where the passphrase can be typed".to_owned(),
            Self::WrongKey { key: "passphrase", .. } => "type it again".to_owned(),
            Self::WrongKey { .. } => {
                "put the key back that the file was made with, or remove both files and set the \
                 secrets again"
                    .to_owned()
            }
            Self::FileDamaged { .. } => "remove it and set the secrets again".to_owned(),
            Self::FileOpen { path, .. } => format!(
                "if nobody else read it, `chmod 600 {}`; else get new tokens",
                path.display()
            ),
            Self::Io { .. } => "check its permissions and the free space".to_owned(),
        })
    }
}
