//! The hub: what it holds, and how its files come here whole.
//!
//! The principal type is [`Hub`]. It reads a repository at a revision, chooses
//! the files that make a model ([`PullPlan`]) and fetches them into a cache
//! that Python's `huggingface_hub` shares.

mod backoff;
mod cache;
mod client;
mod event;
mod fetch;
mod options;
mod place;
mod plan;
mod pull;
mod select;
mod source;
mod text;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;

use mlxcode_base::CancelToken;

use crate::error::{Error, HubError, Result};
use crate::reference::HubReference;
use cache::RepoCache;
use client::{Client, SharedClient};

pub use cache::{PARTIAL_ENDING, PARTS_ENDING};
pub use event::{PullEvent, PullObserver, PullState};
pub use fetch::Pace;
pub use options::{DEFAULT_ENDPOINT, FreeSpace, HubOptions, NetworkPolicy, RetryOptions, Token};
pub use plan::PullPlan;
pub use pull::Pulled;
pub use select::{Selection, select};
pub use tree::{FileChecksum, RemoteFile, RepoTree};

pub(crate) use event::Meter;
pub(crate) use place::without_secrets;
pub(crate) use select::shard;
pub(crate) use text::TextAnswer;

/// A hub and the cache of its files on this machine.
#[derive(Clone, Debug)]
pub struct Hub {
    client: SharedClient,
}

impl Hub {
    /// Prepares to ask a hub. Nothing is sent.
    ///
    /// # Errors
    /// Where an address among the options makes no sense.
    pub fn new(options: HubOptions) -> Result<Self> {
        Ok(Self { client: Arc::new(Client::new(options)?) })
    }

    /// What it was made with.
    pub fn options(&self) -> &HubOptions {
        &self.client.options
    }

    /// All files of a repository at a revision.
    ///
    /// # Errors
    /// What keeps the hub from answering; where the cache has an older state,
    /// the error's help names it.
    pub fn tree(&self, reference: &HubReference, cancel: &CancelToken) -> Result<RepoTree> {
        self.tree_told(reference, &|_| {}, cancel)
    }

    fn tree_told(
        &self,
        reference: &HubReference,
        told: &dyn Fn(&str),
        cancel: &CancelToken,
    ) -> Result<RepoTree> {
        if self.client.is_offline() {
            return Err(self.offline(reference));
        }
        tree::tree(&self.client, reference, told, cancel)
            .map_err(|error| self.offer(reference, error))
    }

    /// What the cache has of a repository at a revision; links tell what.
    pub fn cached_tree(&self, reference: &HubReference) -> Option<RepoTree> {
        self.cache(&reference.repo).cached_tree(&reference.repo, reference.revision())
    }

    /// Chooses the files of the model that a reference names, at one commit.
    /// The hub is not asked for a commit that is here whole, nor offline,
    /// where a branch is at the commit that it was last seen at.
    pub fn plan(&self, reference: &HubReference, cancel: &CancelToken) -> Result<PullPlan> {
        self.plan_told(reference, &|_| {}, cancel)
    }

    /// As [`plan`](Self::plan); `told` hears why the hub is asked again.
    pub(crate) fn plan_told(
        &self,
        reference: &HubReference,
        told: &dyn Fn(&str),
        cancel: &CancelToken,
    ) -> Result<PullPlan> {
        let known = self.client.is_offline() || tree::is_commit(reference.revision());
        if known && let Some(plan) = self.cached_plan(reference) {
            return Ok(plan);
        }
        let tree = self.tree_told(reference, told, cancel)?;
        PullPlan::new(reference, &tree)
    }

    /// What came of a file's bytes so far is removed, unless somebody fetches
    /// it.
    pub fn remove_partials(&self, plan: &PullPlan) -> Result<()> {
        let cache = self.cache(&plan.repo);
        plan.files.iter().try_for_each(|file| cache.remove_partial(&file.checksum))
    }

    /// Where the bytes of a file lie once they are here.
    pub fn blob(&self, repo: &str, checksum: &FileChecksum) -> PathBuf {
        self.cache(repo).blob(checksum)
    }

    fn cache(&self, repo: &str) -> RepoCache {
        RepoCache::new(&self.client.options.cache_dir, repo)
    }

    /// A plan of which every file is in the cache.
    fn cached_plan(&self, reference: &HubReference) -> Option<PullPlan> {
        let tree = self.cached_tree(reference)?;
        let plan = PullPlan::new(reference, &tree).ok()?;
        plan.has_all_shards().then_some(plan)
    }

    /// A reference to what the cache has, pinned to its commit.
    fn cached_reference(&self, reference: &HubReference) -> Option<String> {
        let plan = self.cached_plan(reference)?;
        let pinned = HubReference { revision: Some(plan.commit), ..reference.clone() };
        Some(pinned.to_string())
    }

    fn offline(&self, reference: &HubReference) -> Error {
        let cached = self.cached_reference(reference);
        HubError::Offline { repo: reference.repo.clone(), cached }.into()
    }

    fn offer(&self, reference: &HubReference, error: Error) -> Error {
        let Error::Hub { mut source } = error else { return error };
        match &mut source {
            HubError::Unreachable { cached, .. } | HubError::RevisionNotFound { cached, .. } => {
                *cached = self.cached_reference(reference);
            }
            _ => {}
        }
        source.into()
    }
}
