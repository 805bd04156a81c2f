/// Arguments of `route`.
#[derive(Debug, clap::Args)]
pub struct Route {
    /// The task, such as `edit` or `commit`; all without
    pub task: Option<String>,
    /// How many tokens the prompt has
    #[arg(long, value_name = "N")]
    pub tokens: Option<usize>,
}
