use clap::{Args, Subcommand};

/// What to do with the configuration. KEY is a path such as `edit.allow`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the value in force
    Get {
        /// The key
        key: String,
    },
    /// Set a key: JSON where the key takes it, else a text
    Set {
        /// The key
        key: String,
        /// The value
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Which file
        #[command(flatten)]
        scope: Scope,
    },
    /// Take a key out of a file
    Unset {
        /// The key
        key: String,
        /// Which file
        #[command(flatten)]
        scope: Scope,
    },
    /// Open a file in the editor that VISUAL or EDITOR names, and check it afterwards
    Edit {
        /// Which file
        #[command(flatten)]
        scope: Scope,
    },
    /// Print where a file is, or would be
    Path {
        /// Which file
        #[command(flatten)]
        scope: Scope,
    },
    /// Tell which file sets a key to what, and which of them counts
    Explain {
        /// The key; without one, all that a file sets
        key: Option<String>,
    },
    /// List all keys: what each takes and sets, and its value
    List,
}

/// Whose file.
#[derive(Clone, Copy, Debug, Args)]
pub struct Scope {
    /// The project's file, `.mlx-code.json` in its root, in place of the user's own
    #[arg(long)]
    pub project: bool,
}
