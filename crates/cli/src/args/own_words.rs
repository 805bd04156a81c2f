//! Arguments of the verbs around words of one's own: commands, prompts, help,
//! completion.

use clap::{Subcommand, ValueEnum};

use super::{ModeName, OutputFormat};

/// Arguments of `run`. Options stand before the name: all that follows it is
/// the command's.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// How much may be done without asking [default: read-only]
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<ModeName>,
    /// How the answer is printed [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub output_format: Option<OutputFormat>,
    /// The command's name; without one, all are listed
    pub name: Option<String>,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

/// What to do with prompts.
#[derive(Debug, Subcommand)]
pub enum Prompts {
    /// List all prompts, and the files that replace some of them
    List,
    /// Print a prompt's template, as it counts
    Show {
        /// Its name
        name: String,
        /// The built-in one, whatever replaces it
        #[arg(long)]
        built_in: bool,
    },
    /// Print the folders that prompts are read from, the first that has one counts
    Path,
    /// Let the prompts of the project count, as they are now
    Trust,
    /// Let the prompts of the project count no longer
    Distrust,
}

/// Arguments of `help`.
#[derive(Debug, clap::Args)]
pub struct Help {
    /// A topic, or a verb; without one, all are listed
    pub topic: Vec<String>,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}
