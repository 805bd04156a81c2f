use clap::{Subcommand, ValueEnum};
use mlxcode_core::PullPriority;

use super::rate::{Rate, rate};

/// Arguments of `models pull` and `models queue add`.
#[derive(Debug, clap::Args)]
pub struct Pull {
    /// `hf:org/name`, `hf:org/name/file.gguf`, `hf:org/name@revision`, or a name of the catalogue
    #[arg(value_name = "REF")]
    pub reference: String,
    /// The name to install it under [default: from the reference]
    #[arg(long)]
    pub name: Option<String>,
    /// The branch, tag or commit [default: the reference's, else main]
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// The most bytes a second, such as 10MB/s or 500KiB; `none` for no limit of its own
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit: Option<Rate>,
    /// Bring it into the cache and install nothing
    #[arg(long)]
    pub no_install: bool,
    /// Before which others it is fetched
    #[arg(long, value_enum, default_value_t = Priority::Normal)]
    pub priority: Priority,
}

/// What to do with the queue of pulls.
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// List the pulls, in the order in which they are fetched
    List,
    /// Add a pull; `run` fetches it
    Add(Pull),
    /// Fetch all that waits, one after the other
    Run,
    /// Stop a pull, in whichever process it runs; what came is kept
    Pause {
        /// Its number
        id: i64,
    },
    /// Let a pull that was paused wait for its turn
    Resume {
        /// Its number
        id: i64,
    },
    /// End a pull and remove what came of it but is not whole
    Cancel {
        /// Its number
        id: i64,
    },
    /// Let a pull that failed or was cancelled wait for its turn
    Retry {
        /// Its number
        id: i64,
    },
    /// Move a pull to a place among those that are not over
    Move {
        /// Its number
        id: i64,
        /// The place, from 1
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        place: u32,
    },
    /// Give a pull another priority
    Priority {
        /// Its number
        id: i64,
        /// Before which others it is fetched
        #[arg(value_enum)]
        priority: Priority,
    },
    /// Limit a pull, or all that have no limit of their own
    Limit {
        /// The most bytes a second, such as 10MB/s or 500KiB; `none` for no limit
        #[arg(value_name = "RATE", value_parser = rate)]
        rate: Rate,
        /// The number of one pull [default: all]
        id: Option<i64>,
    },
    /// Forget the pulls that are done or cancelled
    Clear,
}

/// Before which others a pull is fetched.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Priority {
    /// After all others
    Low,
    /// In the order in which they were added
    Normal,
    /// Before all others
    High,
}

impl From<Priority> for PullPriority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
        }
    }
}
