//! Arguments of the verbs that find places in the code.

use std::path::PathBuf;

use clap::ValueEnum;
use mlxcode_core::SearchKind;

/// Arguments of `search`.
#[derive(Debug, clap::Args)]
pub struct SearchCode {
    /// A question, a name, a path, a message or a text
    pub query: String,
    /// How to search
    #[arg(long, value_enum, default_value_t = Kind::Auto)]
    pub kind: Kind,
    /// The most places to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// The folder of a model that makes vectors, for `--kind semantic`, which it implies
    /// [default: the configured one, else vectors learned from the tree]
    #[arg(long, value_name = "FOLDER")]
    pub embedder: Option<PathBuf>,
    /// Search for text by a regular expression; implies `--kind text`
    #[arg(long)]
    pub regex: bool,
    /// Tell small letters from capitals in text [default: where the query has a capital]
    #[arg(long, overrides_with = "ignore_case")]
    pub case_sensitive: bool,
    /// Take small letters and capitals for the same in text
    #[arg(long, overrides_with = "case_sensitive")]
    pub ignore_case: bool,
}

impl SearchCode {
    /// Whether a model for vectors can have a part in it.
    pub fn takes_vectors(&self) -> bool {
        !self.regex && matches!(self.kind, Kind::Auto | Kind::Semantic)
    }
}

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// As the query looks: by words, names, phrases and paths together
    Auto,
    /// For the text as it stands, line by line, without the index
    Text,
    /// By words
    Lexical,
    /// For definitions, by names that may be misspelt or cut short
    Symbol,
    /// For passages that are about the same, by vectors
    Semantic,
}

impl Kind {
    /// The library's word for it.
    pub fn kind(self) -> SearchKind {
        match self {
            Self::Auto => SearchKind::Auto,
            Self::Text => SearchKind::Text,
            Self::Lexical => SearchKind::Lexical,
            Self::Symbol => SearchKind::Symbol,
            Self::Semantic => SearchKind::Semantic,
        }
    }
}
