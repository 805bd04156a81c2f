//! What a repository holds at a revision.

use serde::Deserialize;

use super::client::{Client, Subject, Trouble};
use super::place::escape;
use crate::error::{Error, HubError, Result};
use crate::reference::{HubReference, is_safe_path};
use mlxcode_base::CancelToken;

/// The largest repositories of models have some thousand files.
const MOST_FILES: usize = 100_000;

/// A repository at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepoTree {
    /// `org/name`.
    pub repo: String,
    /// The revision that was asked for.
    pub revision: String,
    /// The commit that it was at.
    pub commit: String,
    /// Its files, by path.
    pub files: Vec<RemoteFile>,
}

/// One file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteFile {
    /// Its path, parts separated by `/`; stays below a folder it is joined to.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its checksum, by which the cache calls it.
    pub checksum: FileChecksum,
}

/// What the hub says of a file's bytes, as lowercase hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileChecksum {
    /// SHA-256 of a large file.
    Sha256(String),
    /// What git calls a small file: SHA-1 of `blob`, its size and its bytes.
    Git(String),
}

impl FileChecksum {
    /// The digits, which are the name of the blob in the cache.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::Git(digits) => digits,
        }
    }

    /// By the number of digits.
    pub fn parse(digits: &str) -> Option<Self> {
        let hexadecimal = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match digits.len() {
            64 if hexadecimal => Some(Self::Sha256(digits.to_owned())),
            40 if hexadecimal => Some(Self::Git(digits.to_owned())),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Revision {
    sha: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    oid: String,
    #[serde(default)]
    size: u64,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

/// Asks the hub for a revision's commit, then for all files at that commit.
/// `told` hears why a question is asked again.
pub fn tree(
    client: &Client,
    reference: &HubReference,
    told: &dyn Fn(&str),
    cancel: &CancelToken,
) -> Result<RepoTree> {
    let repo = &*reference.repo;
    let revision = reference.revision();
    let subject = Subject { repo, revision, file: None };
    let ask = |path: String| client.address(&path).map_err(lasting);
    let at = escape(revision, "");
    let uri = ask(format!("/api/models/{repo}/revision/{at}"))?;
    let (value, _) = client.json(&uri, subject, told, cancel)?;
    let bad = |reason: String| HubError::BadAnswer { place: client.host(), reason };
    let found: Revision = serde_json::from_value(value)
        .map_err(|error| bad(format!("it describes {repo} without a commit: {error}")))?;
    let commit = found.sha;
    if !is_commit(&commit) {
        return Err(bad(format!("`{commit}` is no commit")).into());
    }
    let uri = ask(format!("/api/models/{repo}/tree/{commit}?recursive=true&expand=false"))?;
    let mut next = Some(uri);
    let mut files = Vec::new();
    while let Some(uri) = next {
        let (value, more) = client.json(&uri, subject, told, cancel)?;
        let entries: Vec<Entry> = serde_json::from_value(value)
            .map_err(|error| bad(format!("it lists {repo} in an unknown way: {error}")))?;
        let before = files.len();
        for entry in entries {
            if !is_safe_path(&entry.path) {
                let path = entry.path;
                return Err(HubError::UnsafePath { repo: repo.to_owned(), path }.into());
            }
            if entry.kind == "file" {
                files.push(remote(entry).map_err(&bad)?);
            }
        }
        let endless = more.is_some() && files.len() == before && files.is_empty();
        if files.len() > MOST_FILES || endless {
            return Err(bad(format!("it lists {repo} without an end")).into());
        }
        next = more;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if files.windows(2).any(|two| two[0].path == two[1].path) {
        return Err(bad(format!("it lists a file of {repo} twice")).into());
    }
    let revision = revision.to_owned();
    Ok(RepoTree { repo: repo.to_owned(), revision, commit, files })
}

fn remote(entry: Entry) -> Result<RemoteFile, String> {
    let (digits, size_bytes) = match entry.lfs {
        Some(lfs) => (lfs.oid.trim_start_matches("sha256:").to_owned(), lfs.size),
        None => (entry.oid, entry.size),
    };
    let checksum = FileChecksum::parse(&digits)
        .ok_or_else(|| format!("it gives no checksum of {}", entry.path))?;
    Ok(RemoteFile { path: entry.path, size_bytes, checksum })
}

/// A commit is spelled out: 40 hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The error of a question that was never sent.
pub fn lasting(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Lasting(error) => error,
        Trouble::Passing { reason, .. } => {
            HubError::Unreachable { host: String::new(), reason, cached: None }.into()
        }
    }
}
