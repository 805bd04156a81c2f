//! Arguments of `context`.

use std::path::PathBuf;

/// Arguments of `context`.
#[derive(Debug, clap::Args)]
pub struct Context {
    /// A question; it may name files, `path:12-40`, folders, patterns, symbols, `@symbol`, `@diff`, pictures and PDFs
    #[arg(required_unless_present = "at", conflicts_with = "at")]
    pub question: Option<String>,
    /// Show what a completion at this place would be given instead
    #[arg(long, value_name = "FILE:LINE:COLUMN")]
    pub at: Option<String>,
    /// Files to show whole, or with `--at` the ones that are open, the latest first
    #[arg(long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The most tokens [default: the configured number, else 4096]
    #[arg(long, value_name = "N")]
    pub tokens: Option<usize>,
    /// Leave out the map of what is around
    #[arg(long, conflicts_with = "at")]
    pub no_map: bool,
}
