//! What `models verify`, `repair`, `gc` and `disk` print.

use schemars::JsonSchema;
use serde::Serialize;

/// `models verify --json` of one model.
#[derive(Serialize, JsonSchema)]
pub struct VerifyOutput {
    /// The installed model's name, or the path.
    pub name: String,
    /// Whether no check failed.
    pub sound: bool,
    /// The checks, in order.
    pub checks: Vec<VerifyCheckOutput>,
}

/// `models verify --json` of all installed models.
#[derive(Serialize, JsonSchema)]
pub struct VerifyAllOutput {
    /// Whether all are sound.
    pub sound: bool,
    /// Each model.
    pub models: Vec<VerifyOutput>,
    /// The models whose description cannot be read.
    pub broken: Vec<String>,
}

/// One check of a model.
#[derive(Serialize, JsonSchema)]
pub struct VerifyCheckOutput {
    /// Which check it is: `checksum`, `origin`, `header`, `config`, `weights`,
    /// `tokenizer`, `template` or `values`.
    pub id: String,
    /// What was checked, for people.
    pub name: String,
    /// `passed`, `failed` or `skipped`.
    pub status: String,
    /// Whether it passed.
    pub passed: bool,
    /// What is wrong, why it was skipped, or what was seen.
    pub detail: Option<String>,
    /// The name of the error where it failed.
    pub code: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

/// `models repair --json`.
#[derive(Serialize, JsonSchema)]
pub struct RepairOutput {
    /// The model.
    pub name: String,
    /// The files that were broken and are sound now.
    pub repaired: Vec<RepairedFileOutput>,
    /// The files that were sound.
    pub sound: Vec<String>,
}

/// A file that was fetched again.
#[derive(Serialize, JsonSchema)]
pub struct RepairedFileOutput {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Where it came from.
    pub origin: String,
}

/// `models gc --json`.
#[derive(Serialize, JsonSchema)]
pub struct GcOutput {
    /// Whether the items were removed, or only found.
    pub removed: bool,
    /// What there is to clear away, or was.
    pub items: Vec<GcItemOutput>,
    /// What all of it frees on the disk.
    pub freed_bytes: u64,
    /// What could not be removed.
    pub failed: Vec<GcFailedOutput>,
}

/// One file or folder to be cleared away.
#[derive(Serialize, JsonSchema)]
pub struct GcItemOutput {
    /// Where it is.
    pub path: String,
    /// `leftover`, `orphan`, `partial` or `unreferenced`.
    pub kind: String,
    /// What it takes on the disk.
    pub size_bytes: u64,
}

/// What could not be removed.
#[derive(Serialize, JsonSchema)]
pub struct GcFailedOutput {
    /// Where it is.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// `models disk --json`.
#[derive(Serialize, JsonSchema)]
pub struct DiskOutput {
    /// What is free on the disk of the models; null where not known.
    pub free_bytes: Option<u64>,
    /// What all models take, each file counted once.
    pub total_bytes: u64,
    /// The installed models, then those of caches; the largest first.
    pub models: Vec<DiskModelOutput>,
    /// Files that are there several times.
    pub duplicates: Vec<DuplicateOutput>,
    /// What `models gc` would free.
    pub reclaimable_bytes: u64,
}

/// What one model takes.
#[derive(Serialize, JsonSchema)]
pub struct DiskModelOutput {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub folder: String,
    /// Whether it is in a download cache.
    pub cached: bool,
    /// What would be free without it.
    pub own_bytes: u64,
    /// What it shares with other names of the same files.
    pub shared_bytes: u64,
    /// When it was last used, in seconds since 1970, UTC; null where not known.
    pub last_used_s: Option<u64>,
    /// For how many days it was not used, where these are as many as asked for.
    pub unused_days: Option<u64>,
}

/// A file that is there several times.
#[derive(Serialize, JsonSchema)]
pub struct DuplicateOutput {
    /// The SHA-256 of all of them.
    pub sha256: String,
    /// The size of each.
    pub size_bytes: u64,
    /// Where they are.
    pub paths: Vec<String>,
    /// What would be free if there were only one.
    pub wasted_bytes: u64,
}
