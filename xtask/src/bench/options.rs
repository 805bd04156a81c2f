//! What `cargo xtask bench engine` is asked to run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Which models, how long, against whom.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub models: Vec<Subject>,
    pub threads: Vec<usize>,
    pub rounds: usize,
    pub counts: Counts,
    /// Our program; `None`: built anew.
    pub program: Option<PathBuf>,
    /// The kernels that ours is to use.
    pub tier: Option<String>,
    /// The Python that has `llama-cpp-python`.
    pub llama_cpp: Option<PathBuf>,
    /// The Python that has `mlx-lm`.
    pub mlx_lm: Option<PathBuf>,
    /// The few tokens that mlx-lm is given: it is slow on Linux.
    pub mlx_counts: Counts,
    /// Whether plain candle runs too.
    pub reference: bool,
    /// The most that one run of one program may take.
    pub limit: Duration,
    /// Where the document goes.
    pub json: Option<PathBuf>,
}

/// A model, and the file that llama.cpp reads in its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Subject {
    pub path: PathBuf,
    pub against: Option<PathBuf>,
}

/// Tokens of the prompt, and steps after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub prompt: usize,
    pub generate: usize,
}

impl Options {
    /// Reads the arguments after `bench engine`.
    pub fn parse(args: &[&str]) -> Result<Self> {
        let mut options = Self {
            models: Vec::new(),
            threads: Vec::new(),
            rounds: 5,
            counts: Counts { prompt: 512, generate: 128 },
            program: None,
            tier: None,
            llama_cpp: None,
            mlx_lm: None,
            mlx_counts: Counts { prompt: 16, generate: 2 },
            reference: true,
            limit: Duration::from_mins(5),
            json: None,
        };
        let mut args = args.iter();
        while let Some(&name) = args.next() {
            if name == "--no-reference" {
                options.reference = false;
                continue;
            }
            let value = *args.next().with_context(|| format!("`{name}` needs a value"))?;
            let number = || match value.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => bail!("`{name} {value}`: no number of 1 or more"),
            };
            let path = || PathBuf::from(value);
            match name {
                "--model" => options.models.push(Subject { path: path(), against: None }),
                "--against" => match options.models.last_mut() {
                    Some(subject) => subject.against = Some(path()),
                    None => bail!("`--against` follows the `--model` that it belongs to"),
                },
                "--threads" => options.threads.push(number()?),
                "--rounds" => options.rounds = number()?,
                "--prompt-tokens" => options.counts.prompt = number()?,
                "--generate-tokens" => options.counts.generate = number()?,
                "--mlx-prompt-tokens" => options.mlx_counts.prompt = number()?,
                "--mlx-generate-tokens" => options.mlx_counts.generate = number()?,
                "--program" => options.program = Some(path()),
                "--tier" => options.tier = Some(value.to_owned()),
                "--llama-cpp" => options.llama_cpp = Some(path()),
                "--mlx-lm" => options.mlx_lm = Some(path()),
                "--limit-seconds" => options.limit = Duration::from_secs(number()? as u64),
                "--json" => options.json = Some(path()),
                _ => bail!("`{name}` is no option of `bench engine`"),
            }
        }
        if options.models.is_empty() {
            bail!("name a GGUF file or a model folder with `--model`");
        }
        if options.threads.is_empty() {
            let all = std::thread::available_parallelism().map_or(1, usize::from);
            options.threads = if all == 1 { vec![1] } else { vec![1, all] };
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_order() {
        let args = "--model a.gguf --threads 1 --threads 2 --model mlx --against b.gguf \
                    --rounds 7 --no-reference --llama-cpp py --mlx-generate-tokens 3";
        let args: Vec<&str> = args.split_whitespace().collect();
        let options = Options::parse(&args).unwrap();
        let subject = |path: &str, against: Option<&str>| Subject {
            path: path.into(),
            against: against.map(PathBuf::from),
        };
        let models = [subject("a.gguf", None), subject("mlx", Some("b.gguf"))];
        assert_eq!(options.models, models);
        assert_eq!((options.threads, options.rounds), (vec![1, 2], 7));
        assert_eq!(options.counts, Counts { prompt: 512, generate: 128 });
        assert_eq!(options.mlx_counts, Counts { prompt: 16, generate: 3 });
        assert!(!options.reference);
        assert_eq!(options.llama_cpp, Some(PathBuf::from("py")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            "",
            "--threads 2",
            "--against b --model a",
            "--model",
            "--model a --rounds 0",
            "--model a --threads two",
            "--model a --quick yes",
        ] {
            let args: Vec<&str> = args.split_whitespace().collect();
            assert!(Options::parse(&args).is_err(), "{args:?}");
        }
    }
}
