//! The hub as the place where an installed file came from.

#![allow(clippy::disallowed_methods, reason = "the file that the store asks for is written")]

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_base::{CancelToken, Progress, ProgressEvent};

use super::fetch::{Fetch, FileProgress, Pace};
use super::{FileChecksum, Hub, RemoteFile, RepoTree};
use crate::error::{Error, HubError, Result};
use crate::reference::HubReference;
use crate::store::FileSource;

/// A hub during one piece of work: it is asked once what a repository holds at
/// a commit, however many of its files are wanted.
#[derive(Debug)]
struct Asked<'a> {
    hub: &'a Hub,
    trees: Mutex<Vec<RepoTree>>,
}

impl Asked<'_> {
    /// The file that an origin names, and the commit that has it.
    fn origin(
        &self,
        origin: &str,
        cancel: &CancelToken,
    ) -> Result<(HubReference, String, RemoteFile)> {
        let reference: HubReference = origin.parse()?;
        let path = reference.file.clone().unwrap_or_default();
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        let known = trees
            .iter()
            .position(|tree| tree.repo == reference.repo && tree.revision == reference.revision());
        let tree = if let Some(at) = known {
            &trees[at]
        } else {
            trees.push(self.hub.tree(&reference, cancel)?);
            &trees[trees.len() - 1]
        };
        let Some(file) = tree.files.iter().find(|file| file.path == path) else {
            let repo = reference.repo;
            return Err(HubError::FileNotFound { repo, file: path, choices: Vec::new() }.into());
        };
        Ok((reference, tree.commit.clone(), file.clone()))
    }
}

impl FileSource for Hub {
    fn fetch(
        &self,
        origin: &str,
        sha256: &str,
        into: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<()> {
        self.asked().fetch(origin, sha256, into, progress, cancel)
    }

    fn sha256(&self, origin: &str, cancel: &CancelToken) -> Result<Option<String>> {
        self.asked().sha256(origin, cancel)
    }

    fn for_one_work(&self) -> Option<Box<dyn FileSource + '_>> {
        Some(Box::new(self.asked()))
    }
}

impl Hub {
    fn asked(&self) -> Asked<'_> {
        Asked { hub: self, trees: Mutex::default() }
    }
}

impl FileSource for Asked<'_> {
    /// Brings the file into the cache, where one that is sound is taken as it
    /// is and one that is damaged is replaced, and from there to `into`.
    fn fetch(
        &self,
        origin: &str,
        _sha256: &str,
        into: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<()> {
        let (reference, commit, file) = self.origin(origin, cancel)?;
        let cache = self.hub.cache(&reference.repo);
        let report = |state: FileProgress| {
            let (what, bytes) = match state {
                FileProgress::Waiting(bytes) => ("waiting for", bytes),
                FileProgress::Fetching(bytes) | FileProgress::Retrying { bytes, .. } => {
                    ("fetching", bytes)
                }
                FileProgress::Checking(bytes) => ("checking", bytes),
            };
            let task = format!("{what} {}", file.path);
            progress.report(ProgressEvent::new(task, bytes, Some(file.size_bytes)));
        };
        let fetch = Fetch {
            client: &self.hub.client,
            cache: &cache,
            repo: &reference.repo,
            commit: &commit,
            file: &file,
            pace: &Arc::new(Pace::new(None)),
            fetched: &Arc::new(AtomicU64::new(0)),
            cancel,
            report: &report,
        };
        fetch.run()?;
        let blob = cache.blob(&file.checksum);
        // A link as an installed file is one; another disk gets a copy.
        fs::hard_link(&blob, into)
            .or_else(|_| fs::copy(&blob, into).map(drop))
            .map_err(|source| Error::Io { path: into.to_owned(), source })
    }

    fn sha256(&self, origin: &str, cancel: &CancelToken) -> Result<Option<String>> {
        let (_, _, file) = self.origin(origin, cancel)?;
        Ok(match file.checksum {
            FileChecksum::Sha256(digits) => Some(digits),
            FileChecksum::Git(_) => None,
        })
    }
}
