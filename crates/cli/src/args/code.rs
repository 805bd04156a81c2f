//! Arguments of the verbs that look at code.

use std::path::PathBuf;

use clap::ValueEnum;

/// Arguments of `outline`.
#[derive(Debug, clap::Args)]
pub struct Outline {
    /// The file
    pub file: PathBuf,
}

/// Arguments of `definition`, `references`, `callers` and `callees`.
#[derive(Debug, clap::Args)]
pub struct At {
    /// A place, `PATH:LINE` or `PATH:LINE:COLUMN`, both from one; or a symbol: `open`, `Port.open`, `port.py:open`
    #[arg(value_name = "PLACE|SYMBOL")]
    pub place: String,
}

/// Arguments of `graph`.
#[derive(Debug, clap::Args)]
pub struct Graph {
    /// A file, a symbol or a place: show what it uses and what uses it [default: all files]
    #[arg(value_name = "PLACE|SYMBOL")]
    pub place: Option<String>,
    /// Write the graph in this format
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// How many steps around the place to go
    #[arg(long, value_name = "N", default_value_t = 1, requires = "place")]
    pub depth: usize,
    /// Show all that a change of the place can reach
    #[arg(long, requires = "place", conflicts_with_all = ["cycles", "unused", "from"])]
    pub impact: bool,
    /// Show the rings of files that use each other
    #[arg(long, conflicts_with_all = ["place", "unused", "from"])]
    pub cycles: bool,
    /// Show what nobody is seen to use, and how sure that is
    #[arg(long, conflicts_with_all = ["place", "from"])]
    pub unused: bool,
    /// Show how this uses what `--to` names
    #[arg(long, value_name = "PLACE|SYMBOL", requires = "to", conflicts_with = "place")]
    pub from: Option<String>,
    /// The other end of the way
    #[arg(long, value_name = "PLACE|SYMBOL", requires = "from")]
    pub to: Option<String>,
}

/// What a graph is written as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For Graphviz
    Dot,
    /// For Markdown viewers
    Mermaid,
    /// Nodes and edges
    Json,
    /// One page to move, zoom and search, which needs nothing else
    Html,
}

/// Arguments of `map`.
#[derive(Debug, clap::Args)]
pub struct Map {
    /// The most tokens of the map, counted as four bytes each
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub tokens: usize,
    /// Draw what is around this file or symbol to the front; may be given several times
    #[arg(long, value_name = "PLACE|SYMBOL")]
    pub near: Vec<String>,
}
