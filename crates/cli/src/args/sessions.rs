use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What to do with the conversations of this project. SESSION is an id, a name,
/// or the beginning of either; without one, the one that was used last is meant.
#[derive(Debug, Subcommand)]
pub enum Sessions {
    /// List the sessions, the one that was used last first
    List(SessionsList),
    /// Show a conversation
    Show(SessionsShow),
    /// Find what was said: all words, "phrases", beginnings of words with *
    Search(SessionsSearch),
    /// Give a session a name, or take it
    Rename {
        /// The session
        session: String,
        /// The name; without one, it has none any more
        name: Option<String>,
    },
    /// Begin another session with what was said in one
    Fork {
        /// The session
        session: String,
        /// The last turn to take over [default: the last one]
        #[arg(long, value_name = "N")]
        at: Option<u32>,
        /// The new session's name
        #[arg(long)]
        name: Option<String>,
    },
    /// Delete sessions for good
    Delete {
        /// The sessions
        #[arg(required = true, value_name = "SESSION")]
        sessions: Vec<String>,
        /// Delete without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Write a session into a file, or print it
    Export(SessionsExport),
    /// Take in a session that was exported
    Import {
        /// The file, Markdown or JSON; `-` reads the standard input
        file: PathBuf,
    },
    /// Play a session again as it was, without a model
    Replay {
        /// The session [default: the one that was used last]
        session: Option<String>,
        /// The turn to begin with
        #[arg(long, value_name = "N", default_value_t = 1)]
        from: u32,
    },
    /// Look at every byte of the sessions' file, and save what can be read of a damaged one
    Repair,
}

/// Arguments of `sessions list`.
#[derive(Debug, Args)]
pub struct SessionsList {
    /// Only those whose name, title, model or id holds this
    pub text: Option<String>,
    /// Only those used since: `2h`, `3d`, `2026-01-31`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// The most to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

/// Arguments of `sessions show`.
#[derive(Debug, Args)]
pub struct SessionsShow {
    /// The session [default: the one that was used last]
    pub session: Option<String>,
    /// How many of the last turns to show; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub turns: u32,
}

/// Arguments of `sessions search`.
#[derive(Debug, Args)]
pub struct SessionsSearch {
    /// What to look for
    pub query: String,
    /// The most to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

/// Arguments of `sessions export`.
#[derive(Debug, Args)]
pub struct SessionsExport {
    /// The session [default: the one that was used last]
    pub session: Option<String>,
    /// What to write: Markdown to read, JSON with all that is known [default: by the file's name, else Markdown]
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// The file; without one, it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

/// The formats of an exported session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// To read
    Markdown,
    /// With all that is known
    Json,
}

/// Arguments of `stats`.
#[derive(Debug, Args)]
pub struct WorkStats {
    /// Only what was done since: `2h`, `3d`, `2026-01-31`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was done before
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Show each day
    #[arg(long)]
    pub days: bool,
}
