//! Arguments of the verbs that change files, take changes back and look them up.

use super::Consent;

/// Arguments of `undo`.
#[derive(Debug, clap::Args)]
pub struct Undo {
    /// The entry to take back [default: the newest that is still applied]
    pub id: Option<String>,
}

/// Arguments of `redo`.
#[derive(Debug, clap::Args)]
pub struct Redo {
    /// The entry to apply again [default: the one that was taken back last]
    pub id: Option<String>,
}

/// Arguments of `rename`.
#[derive(Debug, clap::Args)]
pub struct Rename {
    /// The files: a glob for their whole path below the root, such as `src/*.js`
    pub pattern: String,
    /// Their new path; `$1` stands for what the first wildcard fitted
    pub template: String,
    /// Read the pattern as a regular expression
    #[arg(long)]
    pub regex: bool,
    /// How to decide.
    #[command(flatten)]
    pub consent: Consent,
}

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    /// What to do with the log; it is shown where nothing is said.
    #[command(subcommand)]
    pub verb: Option<AuditVerb>,
    /// Which lines to show.
    #[command(flatten)]
    pub show: AuditShow,
}

/// What to do with the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum AuditVerb {
    /// Find every line that was changed, removed, added or moved
    Verify(AuditVerify),
}

/// Which lines of the audit log to show.
#[derive(Debug, clap::Args)]
pub struct AuditShow {
    /// Only this file, or what is in this folder
    #[arg(long, value_name = "PATH")]
    pub path: Option<std::path::PathBuf>,
    /// Only from this time on: `2h`, `3d`, `2026-01-31` or `2026-01-31T23:59:59Z`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

/// Arguments of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct AuditVerify {
    /// A head that was noted elsewhere: whether the log still goes through it
    #[arg(long, value_name = "HASH")]
    pub head: Option<String>,
}
