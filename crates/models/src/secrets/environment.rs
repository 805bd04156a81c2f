use std::collections::BTreeMap;

use super::{Secret, SecretName, SecretPlace, SecretProblem, SecretStore};
use crate::error::Result;

/// What a face read from the environment.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentSecrets(BTreeMap<SecretName, Secret>);

impl EnvironmentSecrets {
    /// Takes a secret that a variable held.
    pub fn with(mut self, name: SecretName, value: Secret) -> Self {
        self.0.insert(name, value);
        self
    }
}

impl SecretStore for EnvironmentSecrets {
    fn place(&self) -> SecretPlace {
        SecretPlace::Environment
    }

    fn get(&self, name: &SecretName) -> Result<Option<Secret>> {
        Ok(self.0.get(name).cloned())
    }

    fn set(&self, _name: &SecretName, _value: &Secret) -> Result<()> {
        Err(SecretProblem::ReadOnly { place: self.place() }.into())
    }

    fn remove(&self, _name: &SecretName) -> Result<bool> {
        Err(SecretProblem::ReadOnly { place: self.place() }.into())
    }

    fn names(&self) -> Result<Vec<SecretName>> {
        Ok(self.0.keys().cloned().collect())
    }
}
