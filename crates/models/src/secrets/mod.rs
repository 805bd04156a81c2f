//! Tokens, and where they are kept.
//!
//! [`Secrets`] asks three places in order: what the environment said (a face
//! hands it in), the system's keychain, and a file that is encrypted with
//! [age](https://age-encryption.org/v1). A [`Secret`] is never shown, never
//! serialised and never part of an error.

#![allow(clippy::disallowed_methods, reason = "writes the file of secrets and its key, no more")]

mod age_file;
mod environment;
mod keychain;
mod problem;
mod secret;

use std::collections::BTreeMap;
use std::fmt;

pub use age_file::{AgeFile, Lock, PassphraseFor};
pub use environment::EnvironmentSecrets;
pub use keychain::Keychain;
pub use problem::SecretProblem;
pub use secret::{SECRET_BYTES, Secret, SecretName};

use crate::error::{Error, Result};

/// A place that holds secrets.
pub trait SecretStore: Send + Sync {
    /// Which one it is.
    fn place(&self) -> SecretPlace;

    /// The secret of a name, where there is one.
    fn get(&self, name: &SecretName) -> Result<Option<Secret>>;

    /// Keeps a secret, in place of the one that had its name.
    fn set(&self, name: &SecretName, value: &Secret) -> Result<()>;

    /// Forgets a secret, and tells whether there was one.
    fn remove(&self, name: &SecretName) -> Result<bool>;

    /// The names that are known.
    fn names(&self) -> Result<Vec<SecretName>>;
}

/// Where a secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SecretPlace {
    /// A variable of the environment.
    Environment,
    /// The system's keychain.
    Keychain,
    /// A file, encrypted.
    File,
}

impl SecretPlace {
    /// The name that options and documents use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Keychain => "keychain",
            Self::File => "file",
        }
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment",
            Self::Keychain => "the keychain",
            Self::File => "the encrypted file",
        })
    }
}

/// A secret that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FoundSecret {
    /// The secret.
    pub value: Secret,
    /// Where it was.
    pub place: SecretPlace,
}

/// Where a secret went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSecret {
    /// The place.
    pub place: SecretPlace,
    /// Why it is not in a better one.
    pub remark: Option<String>,
}

/// The names that are known.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SecretList {
    /// Each with the places that hold it, the one that counts first.
    pub names: BTreeMap<SecretName, Vec<SecretPlace>>,
    /// Places that could not be asked, and why.
    pub unreachable: Vec<(SecretPlace, Error)>,
}

/// All places, in order.
pub struct Secrets {
    stores: Vec<Box<dyn SecretStore>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.stores.iter().map(|store| store.place())).finish()
    }
}

impl Secrets {
    /// Some places, the first that has a secret first.
    pub fn new(stores: Vec<Box<dyn SecretStore>>) -> Self {
        Self { stores }
    }

    /// The secret of a name; `None` where nobody has one.
    ///
    /// # Errors
    /// Where a place that may have it could not be asked, such as a locked
    /// keychain, and no place has it. A machine without a keychain is none.
    pub fn get(&self, name: &SecretName) -> Result<Option<FoundSecret>> {
        let mut failed = None;
        for store in &self.stores {
            match store.get(name) {
                Ok(Some(value)) => return Ok(Some(FoundSecret { value, place: store.place() })),
                Ok(None) => {}
                Err(error) if is_missing(&error) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// As [`get`](Self::get), where there has to be one.
    pub fn require(&self, name: &SecretName) -> Result<FoundSecret> {
        let not_found = || SecretProblem::NotFound { name: name.to_string() };
        self.get(name)?.ok_or_else(|| not_found().into())
    }

    /// Keeps a secret: in `place`, or in the keychain, or in the file where
    /// there is no keychain.
    pub fn set(
        &self,
        name: &SecretName,
        value: &Secret,
        place: Option<SecretPlace>,
    ) -> Result<StoredSecret> {
        let mut remark = None;
        let wanted = |store: &dyn SecretStore| match place {
            Some(place) => store.place() == place,
            None => store.place() != SecretPlace::Environment,
        };
        for store in self.stores.iter().filter(|store| wanted(&***store)) {
            match store.set(name, value) {
                Ok(()) => return Ok(StoredSecret { place: store.place(), remark }),
                Err(error) if place.is_none() && is_missing(&error) => {
                    remark = Some(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        let place = place.unwrap_or(SecretPlace::Environment);
        Err(SecretProblem::ReadOnly { place }.into())
    }

    /// Forgets a secret everywhere but in the environment, and tells where it
    /// was.
    pub fn remove(&self, name: &SecretName) -> Result<Vec<SecretPlace>> {
        let mut places = Vec::new();
        let mut failed = None;
        for store in &self.stores {
            if store.place() == SecretPlace::Environment {
                continue;
            }
            match store.remove(name) {
                Ok(true) => places.push(store.place()),
                Ok(false) => {}
                Err(error) if is_missing(&error) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None if places.is_empty() => {
                Err(SecretProblem::NotFound { name: name.to_string() }.into())
            }
            None => Ok(places),
        }
    }

    /// The names that are known, and where. No secret is read for it.
    pub fn list(&self) -> SecretList {
        let mut list = SecretList::default();
        for store in &self.stores {
            match store.names() {
                Ok(names) => {
                    for name in names {
                        list.names.entry(name).or_default().push(store.place());
                    }
                }
                Err(error) => list.unreachable.push((store.place(), error)),
            }
        }
        list
    }
}

/// Whether a place is simply not there.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Secret { problem: SecretProblem::NoKeychain { .. } })
}

#[cfg(test)]
mod tests;
