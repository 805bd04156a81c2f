//! Arguments of the verbs that say something of models.

use std::path::PathBuf;

use clap::ValueEnum;
use mlxcode_core::EditFormat;

/// Arguments of `models search`.
#[derive(Debug, clap::Args)]
pub struct Search {
    /// Words to find in names, tags and descriptions; without any, everything
    pub text: Vec<String>,
    /// A tag that the models must have; may be given several times
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// The most that a download may take, such as 8GB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// A part of the licence's name, such as apache
    #[arg(long, value_name = "NAME")]
    pub licence: Option<String>,
    /// Leave out what needs more memory than is free here
    #[arg(long)]
    pub fits: bool,
    /// The context to count memory for, in tokens
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub context: usize,
}

/// Arguments of `models recommend`.
#[derive(Debug, clap::Args)]
pub struct Recommend {
    /// What for: edit, completion, chat, tools, reasoning, or words from a description
    pub task: Vec<String>,
    /// The memory to choose for, such as 16GB [default: what is free here]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory: Option<u64>,
    /// The context to count memory for, in tokens
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub context: usize,
    /// The most models to name
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub limit: usize,
}

/// Arguments of `models compare`.
#[derive(Debug, clap::Args)]
pub struct Compare {
    /// Installed models, aliases or paths
    #[arg(required = true, value_name = "REF|PATH")]
    pub models: Vec<String>,
    /// A text to measure the perplexity on; the first 65,536 tokens count
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Try small changes of files, in every reply format
    #[arg(long)]
    pub edits: bool,
    /// Try them in this format; may be given several times
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub edit_format: Vec<Format>,
    /// Measure speeds anew, whatever is on record
    #[arg(long, conflicts_with = "no_measure")]
    pub measure: bool,
    /// Show speeds that are on record, and measure none
    #[arg(long)]
    pub no_measure: bool,
    /// Tokens of the prompt that is measured
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub prompt_tokens: usize,
    /// Tokens to generate after it
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub generate_tokens: usize,
    /// How often to run; medians are shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub repeat: usize,
    /// Threads that compute [default: as many as this process may use]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// A reply format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Blocks with the lines to find and the lines to put there
    #[value(name = "search_replace")]
    SearchReplace,
    /// Each file that changes, whole
    #[value(name = "whole_file")]
    WholeFile,
    /// Hunks as `diff -u` writes them
    #[value(name = "unified_diff")]
    UnifiedDiff,
    /// A patch between `*** Begin Patch` and `*** End Patch`
    #[value(name = "apply_patch")]
    ApplyPatch,
}

impl From<Format> for EditFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::SearchReplace => Self::SearchReplace,
            Format::WholeFile => Self::WholeFile,
            Format::UnifiedDiff => Self::UnifiedDiff,
            Format::ApplyPatch => Self::ApplyPatch,
        }
    }
}

/// Arguments of `models tag`.
#[derive(Debug, clap::Args)]
pub struct Tag {
    /// The model's name
    pub name: String,
    /// Tags to give it; without any, show what there is
    pub tags: Vec<String>,
    /// A tag to take away; may be given several times
    #[arg(long, value_name = "TAG")]
    pub remove: Vec<String>,
    /// Put it into this category
    #[arg(long, value_name = "NAME", conflicts_with = "no_category")]
    pub category: Option<String>,
    /// Take it out of its category
    #[arg(long)]
    pub no_category: bool,
}

/// Arguments of `models favourite`.
#[derive(Debug, clap::Args)]
pub struct Favourite {
    /// The model's name
    pub name: String,
    /// Make it none any more
    #[arg(long)]
    pub remove: bool,
}

/// Arguments of `models note`.
#[derive(Debug, clap::Args)]
pub struct Note {
    /// The model's name
    pub name: String,
    /// The note, in place of the one there; without it, show what there is
    pub text: Option<String>,
    /// Remove the note
    #[arg(long, conflicts_with = "text")]
    pub remove: bool,
}

/// Arguments of `models alias`.
#[allow(clippy::struct_field_names, reason = "the word that its help shows")]
#[derive(Debug, clap::Args)]
pub struct Alias {
    /// The alias; without it, show all
    pub alias: Option<String>,
    /// The installed model that it stands for
    pub name: Option<String>,
    /// Take the alias away
    #[arg(long, requires = "alias", conflicts_with = "name")]
    pub remove: bool,
}

/// Arguments of `models stats`.
#[derive(Debug, clap::Args)]
pub struct Stats {
    /// A model's name [default: all that were used]
    pub name: Option<String>,
}

/// Arguments of `models export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file to write; `-` writes the standard output
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `models import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// A file that `models export` wrote; `-` reads the standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// Reads a size such as `8GB`, `1.5 GiB` or `500mb`.
fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "g" | "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err("write a number with a unit, such as 8GB or 500MiB".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "write a number such as 8 or 1.5".to_owned())?;
    Ok((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expect) in [
            ("8GB", Some(8_000_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("500mb", Some(500_000_000)),
            ("16g", Some(16_000_000_000)),
            ("8", None),
            ("GB", None),
            ("1.2.3GB", None),
            ("-1GB", None),
        ] {
            assert_eq!(super::size(text).ok(), expect, "{text}");
        }
    }
}
