//! Arguments of the verbs that read where a repository is published.

/// Arguments of `issue`.
#[derive(Debug, clap::Args)]
pub struct Issue {
    /// Its address, `owner/name#12`, or `12` of the repository that `origin` leads to
    pub issue: String,
    /// A host of your own: `git.example.org=gitlab`; may be given several times
    #[arg(long, value_name = "HOST=KIND")]
    pub host: Vec<String>,
}

/// Arguments of `pull-request`.
#[derive(Debug, clap::Args)]
pub struct PullRequest {
    /// Its address, `owner/name#12`, `group/name!12`, or `12` of the repository that `origin` leads to
    pub change: String,
    /// Print what it changes, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub diff: bool,
    /// A host of your own: `git.example.org=gitlab`; may be given several times
    #[arg(long, value_name = "HOST=KIND")]
    pub host: Vec<String>,
}
