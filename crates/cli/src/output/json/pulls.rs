//! What `models pull` and `models queue …` print.

use mlxcode_core::{PullJob, RemoteFile};
use schemars::JsonSchema;
use serde::Serialize;

/// `models queue list --json`, and of each verb that changes several pulls.
#[derive(Serialize, JsonSchema)]
pub struct PullsOutput {
    /// The pulls: first those that are not over, in the order in which they
    /// are fetched.
    pub pulls: Vec<PullOutput>,
    /// Bytes a second of each pull that has no limit of its own.
    pub limit_bytes_per_second: Option<u64>,
}

/// `models pull --json`, and of each verb that changes one pull.
#[derive(Serialize, JsonSchema)]
pub struct PullOutput {
    /// Its number.
    pub id: i64,
    /// `waiting`, `running`, `paused`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// What was asked for.
    pub reference: String,
    /// What it names of the hub.
    pub source: String,
    /// The commit, once the hub told it.
    pub commit: Option<String>,
    /// The name that it is or will be installed under.
    pub name: String,
    /// Whether it is installed already.
    pub installed: bool,
    /// `low`, `normal` or `high`.
    pub priority: String,
    /// Bytes a second that it may take; `null` is the queue's own limit.
    pub limit_bytes_per_second: Option<u64>,
    /// The size of all files; 0 while it is not known.
    pub total_bytes: u64,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Bytes a second, while it runs.
    pub bytes_per_second: Option<u64>,
    /// The files, once the hub told them.
    pub files: Vec<PullFileOutput>,
    /// Why it failed last.
    pub error: Option<PullErrorOutput>,
}

/// One file of a pull.
#[derive(Serialize, JsonSchema)]
pub struct PullFileOutput {
    /// Its path in the repository.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its checksum: SHA-256 in 64 digits, or git's in 40.
    pub checksum: String,
}

/// Why a pull failed.
#[derive(Serialize, JsonSchema)]
pub struct PullErrorOutput {
    /// A stable name, such as `models.gave_up`.
    pub code: String,
    /// What went wrong, for people.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl PullOutput {
    /// Describes a pull.
    pub fn new(job: &PullJob) -> Self {
        let file = |file: &RemoteFile| PullFileOutput {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            checksum: file.checksum.as_str().to_owned(),
        };
        let plan = job.plan.as_ref();
        Self {
            id: job.id,
            state: job.state.as_str().to_owned(),
            reference: job.reference.clone(),
            source: job.source.to_string(),
            commit: plan.map(|plan| plan.commit.clone()),
            name: job.name.clone(),
            installed: job.installed.is_some(),
            priority: job.priority.as_str().to_owned(),
            limit_bytes_per_second: job.limit_bytes_per_second,
            total_bytes: job.total_bytes,
            done_bytes: job.done_bytes,
            bytes_per_second: job.bytes_per_second,
            files: plan.map(|plan| plan.files.iter().map(file).collect()).unwrap_or_default(),
            error: job.error.as_ref().map(|error| PullErrorOutput {
                code: error.code.clone(),
                message: error.message.clone(),
                help: error.help.clone(),
            }),
        }
    }
}
