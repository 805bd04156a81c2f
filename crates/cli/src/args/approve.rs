/// What of the things that the project brings may do something.
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// What is meant, such as `server:git`, `checks` or `plugin:NAME`; without, all is listed
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Say yes to all that waits
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// Take a yes back
    #[arg(long)]
    pub revoke: bool,
}
