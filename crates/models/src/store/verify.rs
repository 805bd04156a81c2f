//! Every byte again.

use std::collections::BTreeMap;

use mlxcode_base::{CancelToken, Diagnostic, Progress, ProgressEvent};

use super::Store;
use super::checked::{self, Moment, Seen};
use super::hash::hash;
use crate::error::{Error, Result};
use crate::installed::InstalledModel;

/// What a full check of a model found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The model.
    pub name: String,
    /// The checks, in order.
    pub checks: Vec<VerifyCheck>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyCheck {
    /// What was checked.
    pub name: String,
    /// What is wrong; `None` where nothing is.
    pub problem: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl VerifyReport {
    /// Whether every check passed.
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }
}

impl Store {
    /// Reads every byte of a model and compares with what was installed, then
    /// checks the contents as before a load.
    ///
    /// # Errors
    /// What is wrong with the model is no error but a check that failed.
    pub fn verify(
        &self,
        name: &str,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<VerifyReport> {
        let manifest = self.manifest(name)?;
        let folder = self.folder.join(name);
        let total = manifest.model.size_bytes;
        let mut done = 0;
        let mut whole = true;
        let mut checks = Vec::new();
        let mut seen = BTreeMap::new();
        let moment = Moment::now();
        for file in &manifest.model.files {
            let path = folder.join(&file.name);
            let task = format!("checking {}", file.name);
            let found = checked::metadata(&path).and_then(|meta| {
                let found = hash(&path, cancel, &mut |bytes| {
                    done += bytes;
                    progress.report(ProgressEvent::new(&*task, done, Some(total)));
                })?;
                Ok((found, Seen::of(&meta, &moment)))
            });
            let result = match found {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Ok((found, now)) if found == file.sha256 => {
                    seen.insert(file.name.clone(), now);
                    Ok(())
                }
                Ok(_) => Err(Error::ChecksumMismatch { path }),
                Err(error) => Err(error),
            };
            whole &= result.is_ok();
            checks.push(check(format!("bytes of {}", file.name), result));
        }
        // What damaged bytes contain says nothing more.
        if whole {
            checked::write(&folder, &seen);
            let content = InstalledModel::check_in_place(&folder.join(&manifest.entry)).map(drop);
            checks.push(check("configuration, weights, tokenizer, template".to_owned(), content));
        }
        Ok(VerifyReport { name: name.to_owned(), checks })
    }
}

fn check(name: String, result: Result<()>) -> VerifyCheck {
    match result {
        Ok(()) => VerifyCheck { name, problem: None, help: None },
        Err(error) => VerifyCheck { name, problem: Some(error.to_string()), help: error.help() },
    }
}
