use std::path::PathBuf;

use clap::ValueEnum;
use mlxcode_core::{Mode, ToolsWhen};

/// Arguments of the conversation, which is what no verb opens.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(next_help_heading = "Options of the conversation, which opens without a command")]
pub struct Conversation {
    /// Say this, print the answer and leave; `-` reads the standard input
    #[arg(long, short, value_name = "TEXT")]
    pub print: Option<String>,
    /// How `--print` prints [default: text]
    #[arg(long, value_enum, requires = "print", value_name = "FORMAT")]
    pub output_format: Option<OutputFormat>,
    /// How much may be done without asking [default: ask; with `--print`, read-only]
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<ModeName>,
    /// When the model is given tools [default: as the configuration says, else auto]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub tools: Option<ToolsName>,
    /// Go on with the newest conversation of this folder
    #[arg(long = "continue", short = 'c')]
    pub goes_on: bool,
    /// Go on with a conversation, by its name, its id or the beginning of its title
    #[arg(long, value_name = "SESSION", conflicts_with = "goes_on")]
    pub resume: Option<String>,
    /// A file to show the model whole; may be given several times
    #[arg(long = "pin", value_name = "FILE")]
    pub pinned: Vec<PathBuf>,
    /// Write for those who hear the screen: no colour, no drawing, words for marks
    #[arg(long)]
    pub plain: bool,
    /// The colours: auto, light, dark, none, or a theme of your own [default: as configured]
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,
    /// Edit the line with the keys of vi
    #[arg(long, conflicts_with = "emacs")]
    pub vi: bool,
    /// Edit the line with the keys of emacs
    #[arg(long)]
    pub emacs: bool,
}

/// How an answer is printed for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// The answer, as the model wrote it
    Text,
    /// One document at the end
    Json,
    /// What happens, a JSON document a line, as it happens
    StreamJson,
}

/// How much may be done without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// It looks, and changes nothing
    ReadOnly,
    /// It asks before it changes a file or runs a command
    Ask,
    /// It changes files without asking, and asks before it runs a command
    AutoEdit,
    /// It does what it is asked for
    Full,
}

/// When a model is given tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ToolsName {
    /// Where it is known to call them well
    Auto,
    /// Wherever it can be told of them
    On,
    /// Never: its changes are blocks of edits
    Off,
}

impl ToolsName {
    /// The library's word.
    pub fn when(self) -> ToolsWhen {
        match self {
            Self::Auto => ToolsWhen::Auto,
            Self::On => ToolsWhen::On,
            Self::Off => ToolsWhen::Off,
        }
    }
}

impl ModeName {
    /// The library's word.
    pub fn mode(self) -> Mode {
        match self {
            Self::ReadOnly => Mode::ReadOnly,
            Self::Ask => Mode::Ask,
            Self::AutoEdit => Mode::AutoEdit,
            Self::Full => Mode::Full,
        }
    }
}
