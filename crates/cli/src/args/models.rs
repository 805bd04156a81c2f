use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::Cache;

use super::library::{
    Alias, Compare, Export, Favourite, Import, Note, Recommend, Search, Stats, Tag,
};

use super::pull::{Pull, Queue};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Check a GGUF file or a model folder and install it; the original stays
    Add {
        /// A GGUF file, or a folder with config.json, tokenizer.json and safetensors
        path: PathBuf,
        /// The name to install it under [default: from the path]
        #[arg(long)]
        name: Option<String>,
    },
    /// Fetch a model from the hub, check it and install it
    Pull(Pull),
    /// Show and change the queue of pulls
    #[command(subcommand_required = false, args_conflicts_with_subcommands = true)]
    Queue {
        /// What to do [default: list]
        #[command(subcommand)]
        what: Option<Queue>,
    },
    /// List the installed models
    List,
    /// Show one model in full
    Show {
        /// Its name
        name: String,
    },
    /// Read every byte of a model again, compare, and check its contents and values
    Verify {
        /// An installed model's name, or a path [default: all installed models]
        #[arg(value_name = "NAME|PATH")]
        model: Option<String>,
        /// Ask no hub what the files should be
        #[arg(long)]
        offline: bool,
        /// Look at the value of every weight, not at a sample
        #[arg(long)]
        deep: bool,
    },
    /// Fetch the broken files of a model again, and only those
    Repair {
        /// Its name
        name: String,
    },
    /// Show what a model would take of memory, and whether it fits; loads nothing
    Fit {
        /// An installed one's name, or a path
        model: String,
        /// Tokens of prompt and answer together [default: what the model was made for]
        #[arg(long, value_name = "N")]
        context: Option<usize>,
        /// Answers at once, each with such a context
        #[arg(long, value_name = "N", default_value_t = 1)]
        answers: usize,
        /// How keys and values are kept
        #[arg(long, value_enum, default_value_t = Cache::Bf16)]
        cache: Cache,
    },
    /// List the models that processes on this machine use now
    Ps,
    /// Show what belongs to no model and can go; with --yes, remove it
    Gc {
        /// Remove what is shown
        #[arg(long)]
        yes: bool,
        /// Leave alone what was written to since, such as 12h or 7d
        #[arg(long, value_name = "AGE", default_value = "7d", value_parser = age)]
        older_than: Duration,
        /// A download cache to clear as well, in place of the hub's own; may be repeated
        #[arg(long, value_name = "DIR")]
        cache: Vec<PathBuf>,
    },
    /// Show what models take on the disk, and what could be spared
    Disk {
        /// Point out models that were not used for so long, such as 30d
        #[arg(long, value_name = "AGE", default_value = "30d", value_parser = age)]
        unused: Duration,
        /// A download cache to look at as well, in place of the hub's own; may be repeated
        #[arg(long, value_name = "DIR")]
        cache: Vec<PathBuf>,
    },
    /// Make a model in another format; the original stays
    ///
    /// Safetensors become GGUF or MLX, GGUF becomes safetensors. Interrupted, it
    /// keeps what is done in a folder that ends in `.converting`; the same command
    /// goes on there.
    Convert {
        /// An installed model, a GGUF file or a folder
        source: String,
        #[arg(long, value_name = "FORMAT", help = FORMATS)]
        to: String,
        /// The file or folder to make [default: named after the source, here]
        #[arg(long)]
        output: Option<PathBuf>,
        /// Threads to work with [default: one for each processor]
        #[arg(long)]
        threads: Option<NonZeroUsize>,
    },
    /// Remove a model; what is said of it and was counted stays
    Rm {
        /// Its name
        name: String,
        /// Forget what is said of it and was counted, too
        #[arg(long)]
        forget: bool,
    },
    /// Find models that can be had
    Search(Search),
    /// Name the models that suit a task on this machine, and say why
    Recommend(Recommend),
    /// Measure how fast a model runs here, and keep it; the same as `mlx-code bench`
    Bench(super::Bench),
    /// Put models side by side: size, memory, speed, perplexity, edits
    Compare(Compare),
    /// Give a model tags and a category
    Tag(Tag),
    /// Make a model a favourite
    Favourite(Favourite),
    /// Write a note about a model
    Note(Note),
    /// Give a model another name to use it by
    Alias(Alias),
    /// Show how much models were used, and what was measured of them
    Stats(Stats),
    /// Write what is said of models, and was counted, as one JSON document
    Export(Export),
    /// Merge an exported library into this one
    Import(Import),
}

/// Not a doc comment, in which the types would have to stand in backticks.
const FORMATS: &str = "gguf:TYPE with f32, f16, bf16, q8_0, q4_0 or q4_k_m; mlx:BITS[:GROUP] with \
    2, 3, 4, 5, 6 or 8 bits and groups of 32, 64 or 128; safetensors[:TYPE] with f32, f16 or bf16";

/// A number and its unit: seconds, minutes, hours, days or weeks.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and s, m, h, d or w, such as 7d".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_number_and_a_unit() {
        for (text, seconds) in
            [("0s", 0), ("90m", 5400), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "7",
            "d",
            "7 d",
            "-1d",
            "1.5h",
            "7days",
            "99999999999999999999s",
            "9999999999999999w",
        ] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
