//! What a pull fetches: fixed once, at one commit.

use serde::{Deserialize, Serialize};

use super::select::{select, shard};
use super::tree::{FileChecksum, RemoteFile, RepoTree};
use crate::error::Result;
use crate::reference::HubReference;

/// The files of a model at one commit of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullPlan {
    /// `org/name`.
    pub repo: String,
    /// The revision that was asked for.
    pub revision: String,
    /// The commit that it was at.
    pub commit: String,
    /// The files, in the order in which they are fetched.
    pub files: Vec<RemoteFile>,
    /// The GGUF file that the model begins with; `None` for a folder.
    pub entry: Option<String>,
}

impl PullPlan {
    /// Chooses the files of what a reference names.
    pub fn new(reference: &HubReference, tree: &RepoTree) -> Result<Self> {
        let selection = select(tree, reference.file.as_deref())?;
        Ok(Self {
            repo: tree.repo.clone(),
            revision: tree.revision.clone(),
            commit: tree.commit.clone(),
            files: selection.files,
            entry: selection.entry,
        })
    }

    /// All files together.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add)
    }

    /// Whether each file that is one of several has the others beside it.
    pub fn has_all_shards(&self) -> bool {
        let tokenizer = |file: &RemoteFile| file.path == "tokenizer.json";
        let whole = self.entry.is_some() || self.files.iter().any(tokenizer);
        // Safetensors and GGUF number their shards alike.
        let name = |file: &RemoteFile| match file.path.strip_suffix(".safetensors") {
            Some(stem) => format!("{stem}.gguf"),
            None => file.path.clone(),
        };
        let names: Vec<String> = self.files.iter().map(name).collect();
        whole
            && names.iter().filter_map(|name| shard(name)).all(|one| {
                let beside = names.iter().filter_map(|name| shard(name));
                beside.filter(|other| (other.stem, other.count) == (one.stem, one.count)).count()
                    == one.count as usize
            })
    }

    /// As JSON, for the queue.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&Stored::from(self)).unwrap_or_default()
    }

    /// What [`to_json`](Self::to_json) wrote; `None` where it is no plan.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        let file = |file: StoredFile| {
            let checksum = FileChecksum::parse(&file.checksum)?;
            let safe = crate::reference::is_safe_path(&file.path);
            safe.then_some(RemoteFile { path: file.path, size_bytes: file.size_bytes, checksum })
        };
        Some(Self {
            repo: stored.repo,
            revision: stored.revision,
            commit: stored.commit,
            files: stored.files.into_iter().map(file).collect::<Option<_>>()?,
            entry: stored.entry,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    repo: String,
    revision: String,
    commit: String,
    files: Vec<StoredFile>,
    entry: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    path: String,
    size_bytes: u64,
    checksum: String,
}

impl From<&PullPlan> for Stored {
    fn from(plan: &PullPlan) -> Self {
        let file = |file: &RemoteFile| StoredFile {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            checksum: file.checksum.as_str().to_owned(),
        };
        Self {
            repo: plan.repo.clone(),
            revision: plan.revision.clone(),
            commit: plan.commit.clone(),
            files: plan.files.iter().map(file).collect(),
            entry: plan.entry.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(paths: &[&str], entry: Option<&str>) -> PullPlan {
        let file = |path: &&str| RemoteFile {
            path: (*path).to_owned(),
            size_bytes: 7,
            checksum: FileChecksum::Sha256("b".repeat(64)),
        };
        PullPlan {
            repo: "org/name".to_owned(),
            revision: "main".to_owned(),
            commit: "c".repeat(40),
            files: paths.iter().map(file).collect(),
            entry: entry.map(str::to_owned),
        }
    }

    #[test]
    fn a_plan_is_read_back() {
        let plan = plan(&["config.json", "sub/a.gguf"], Some("sub/a.gguf"));
        assert_eq!(PullPlan::from_json(&plan.to_json()), Some(plan.clone()));
        let hostile = plan.to_json().replace("sub/a.gguf", "../../etc/passwd");
        assert_eq!(PullPlan::from_json(&hostile), None);
    }

    #[test]
    fn a_model_without_one_of_its_shards_is_not_whole() {
        let check = |paths: &[&str], entry: Option<&str>, expect: bool| {
            assert_eq!(plan(paths, entry).has_all_shards(), expect, "{paths:?}");
        };
        check(&["a.gguf"], Some("a.gguf"), true);
        check(&["a-00001-of-00002.gguf"], Some("a-00001-of-00002.gguf"), false);
        check(&["tokenizer.json", "model.safetensors"], None, true);
        check(&["config.json", "model.safetensors"], None, false);
        let one = "model-00001-of-00002.safetensors";
        check(&["tokenizer.json", one], None, false);
        check(&["tokenizer.json", one, "model-00002-of-00002.safetensors"], None, true);
    }
}
