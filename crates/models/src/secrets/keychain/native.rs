//! The keychains of macOS and Windows, through `keyring-core`. Only its mock
//! has been seen to work here.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error as KeyringError};

use super::super::problem::SecretProblem;
use super::super::{Secret, SecretName};
use super::APPLICATION;
use crate::error::Result;

/// A keychain that a crate knows how to call.
#[derive(Debug)]
pub struct Native {
    store: Arc<CredentialStore>,
}

/// An entry that holds the names of the others: these keychains do not list
/// what belongs to one program.
const INDEX: &str = "index";

impl Native {
    /// The system's own.
    #[cfg(target_os = "macos")]
    pub fn open() -> Result<Self> {
        let store = apple_native_keyring_store::keychain::Store::new().map_err(problem)?;
        Ok(Self { store })
    }

    /// The system's own.
    #[cfg(target_os = "windows")]
    pub fn open() -> Result<Self> {
        let store = windows_native_keyring_store::Store::new().map_err(problem)?;
        Ok(Self { store })
    }

    fn entry(&self, user: &str) -> Result<Entry> {
        Ok(self.store.build(APPLICATION, user, None::<&HashMap<&str, &str>>).map_err(problem)?)
    }

    fn read(&self, user: &str) -> Result<Option<String>> {
        match self.entry(user)?.get_password() {
            Ok(value) => Ok(Some(value)),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(problem(error).into()),
        }
    }

    pub fn get(self, name: &SecretName) -> Result<Option<Secret>> {
        self.read(&user(name))?.map(Secret::new).transpose()
    }

    pub fn set(self, name: &SecretName, value: &Secret) -> Result<()> {
        self.entry(&user(name))?.set_password(value.reveal()).map_err(problem)?;
        let mut names = self.index()?;
        if !names.contains(name) {
            names.push(name.clone());
            self.save_index(&names)?;
        }
        Ok(())
    }

    pub fn remove(self, name: &SecretName) -> Result<bool> {
        let removed = match self.entry(&user(name))?.delete_credential() {
            Ok(()) => true,
            Err(KeyringError::NoEntry) => false,
            Err(error) => return Err(problem(error).into()),
        };
        let mut names = self.index()?;
        if names.contains(name) {
            names.retain(|known| known != name);
            self.save_index(&names)?;
        }
        Ok(removed)
    }

    pub fn names(self) -> Result<Vec<SecretName>> {
        self.index()
    }

    fn index(&self) -> Result<Vec<SecretName>> {
        let text = self.read(INDEX)?.unwrap_or_default();
        Ok(text.split_whitespace().filter_map(|name| SecretName::new(name).ok()).collect())
    }

    fn save_index(&self, names: &[SecretName]) -> Result<()> {
        let text = names.iter().map(SecretName::as_str).collect::<Vec<_>>().join("\n");
        Ok(self.entry(INDEX)?.set_password(&text).map_err(problem)?)
    }
}

/// Apart from the index.
fn user(name: &SecretName) -> String {
    format!("secret:{name}")
}

/// What it says is left out where it could hold a value.
fn problem(error: KeyringError) -> SecretProblem {
    match error {
        KeyringError::NoStorageAccess(_) => SecretProblem::KeychainLocked,
        KeyringError::NoDefaultStore | KeyringError::NotSupportedByStore(_) => {
            SecretProblem::NoKeychain { reason: "the system offers none".to_owned() }
        }
        KeyringError::PlatformFailure(source) => {
            SecretProblem::Keychain { reason: source.to_string() }
        }
        KeyringError::TooLong(..) => {
            SecretProblem::Keychain { reason: "the value is too long for it".to_owned() }
        }
        _ => SecretProblem::Keychain { reason: "it holds something else there".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keychain_keeps_lists_and_forgets() {
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let keychain = || Native { store: Arc::clone(&store) };
        let name = |text: &str| SecretName::new(text).unwrap();
        let value = Secret::new("hf_abc".to_owned()).unwrap();
        assert_eq!(keychain().get(&name("a")).unwrap(), None);
        keychain().set(&name("index"), &value).unwrap();
        keychain().set(&name("a"), &value).unwrap();
        keychain().set(&name("a"), &value).unwrap();
        assert_eq!(keychain().get(&name("a")).unwrap(), Some(value));
        assert_eq!(keychain().names().unwrap(), [name("index"), name("a")]);
        assert!(keychain().remove(&name("a")).unwrap());
        assert!(!keychain().remove(&name("a")).unwrap());
        assert_eq!(keychain().names().unwrap(), [name("index")]);
    }
}
