//! The programs that are compared, and one run of one of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::figures::Figures;
use crate::bench::options::{Counts, Options, Subject};
use crate::run::program;

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Ours,
    LlamaCppRepack,
    LlamaCppPlain,
    Reference,
    MlxLm,
}

impl Peer {
    pub const ALL: [Self; 5] =
        [Self::Ours, Self::LlamaCppRepack, Self::LlamaCppPlain, Self::Reference, Self::MlxLm];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "mlx-code",
            Self::LlamaCppRepack => "llama.cpp, repacked",
            Self::LlamaCppPlain => "llama.cpp, not repacked",
            Self::Reference => "candle",
            Self::MlxLm => "mlx-lm",
        }
    }

    pub fn is_llama_cpp(self) -> bool {
        matches!(self, Self::LlamaCppRepack | Self::LlamaCppPlain)
    }

    pub fn counts(self, options: &Options) -> Counts {
        if self == Self::MlxLm { options.mlx_counts } else { options.counts }
    }

    /// The command that measures once, or why there is none.
    pub fn command(
        self,
        root: &Path,
        ours: &Path,
        options: &Options,
        subject: &Subject,
        threads: usize,
    ) -> Result<Command, String> {
        let is_file = |path: &Path| path.extension().is_some_and(|end| end == "gguf");
        let missing = |option: &str| format!("not there; its Python is named with `{option}`");
        let mut model = subject.path.as_path();
        let mut command = match self {
            Self::Ours | Self::Reference => {
                if self == Self::Reference && !options.reference {
                    return Err("left out".to_owned());
                }
                let mut command = program(ours, root);
                command.args(["bench", "--json"]);
                match (self, &options.tier) {
                    (Self::Reference, _) => {
                        command.args(["--engine", "reference"]);
                    }
                    (_, Some(tier)) => {
                        command.args(["--tier", tier]);
                    }
                    _ => {}
                }
                command.arg("--model");
                command
            }
            Self::LlamaCppRepack | Self::LlamaCppPlain => {
                let python = options.llama_cpp.as_ref().ok_or_else(|| missing("--llama-cpp"))?;
                model = subject.against.as_deref().unwrap_or(model);
                if !is_file(model) {
                    return Err("it reads GGUF files alone; name one with `--against`".to_owned());
                }
                let mut command = program(python, root);
                command.arg("tools/bench_llama_cpp.py");
                if self == Self::LlamaCppPlain {
                    command.arg("--no-repack");
                }
                command
            }
            Self::MlxLm => {
                let python = options.mlx_lm.as_ref().ok_or_else(|| missing("--mlx-lm"))?;
                if is_file(model) {
                    return Err("it reads folders alone".to_owned());
                }
                let mut command = program(python, root);
                command.arg("tools/bench_mlx_lm.py");
                command
            }
        };
        let Counts { prompt, generate } = self.counts(options);
        command.arg(std::path::absolute(model).map_err(|error| error.to_string())?);
        for (name, value) in [
            ("--prompt-tokens", prompt),
            ("--generate-tokens", generate),
            ("--threads", threads),
            ("--repeat", 1),
        ] {
            command.args([name, &value.to_string()]);
        }
        // candle and mlx have no option of their own for it.
        let count = threads.to_string();
        command.env("RAYON_NUM_THREADS", &count).env("OMP_NUM_THREADS", &count);
        Ok(command)
    }
}

/// Runs a command that prints one document of figures, for at most `limit`.
pub fn measure(command: &mut Command, limit: Duration) -> Result<Figures> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    command.stdout(fs::File::create(&out)?).stderr(fs::File::create(&err)?);
    let mut running = command.spawn().context("cannot start it")?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            running.kill()?;
            running.wait()?;
            bail!("took more than {} s", limit.as_secs());
        }
        // Rarely enough to take nothing from what is measured.
        thread::sleep(Duration::from_millis(100));
    };
    let text = fs::read_to_string(&out)?;
    let document: Option<Value> = serde_json::from_str(&text).ok();
    if !status.success() {
        let said = document.as_ref().and_then(|document| document["error"]["message"].as_str());
        let messages = String::from_utf8_lossy(&fs::read(&err)?).into_owned();
        bail!("{}", said.or(messages.trim().lines().last()).unwrap_or("it failed silently"));
    }
    Figures::of(&document.context("it printed no document")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(peer: Peer, args: &str) -> Result<String, String> {
        let args: Vec<&str> = args.split_whitespace().collect();
        let options = Options::parse(&args).unwrap();
        let ours = Path::new("/bin/mlx-code");
        let command = peer.command(Path::new("/"), ours, &options, &options.models[0], 2)?;
        let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
        Ok(args.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn each_program_is_asked_for_the_same() {
        let counts = "--prompt-tokens 512 --generate-tokens 128 --threads 2 --repeat 1";
        let ours = shown(Peer::Ours, "--model /a.gguf --tier scalar").unwrap();
        assert_eq!(ours, format!("bench --json --tier scalar --model /a.gguf {counts}"));
        let plain = shown(Peer::LlamaCppPlain, "--model /m --against /b.gguf --llama-cpp py");
        let expected = format!("tools/bench_llama_cpp.py --no-repack /b.gguf {counts}");
        assert_eq!(plain.unwrap(), expected);
        let mlx = shown(Peer::MlxLm, "--model /m --mlx-lm py").unwrap();
        let few = "--prompt-tokens 16 --generate-tokens 2 --threads 2 --repeat 1";
        assert_eq!(mlx, format!("tools/bench_mlx_lm.py /m {few}"));
    }

    #[test]
    fn what_cannot_run_says_why() {
        for (peer, args, why) in [
            (Peer::LlamaCppRepack, "--model a.gguf", "--llama-cpp"),
            (Peer::LlamaCppRepack, "--model folder --llama-cpp py", "--against"),
            (Peer::MlxLm, "--model folder", "--mlx-lm"),
            (Peer::MlxLm, "--model a.gguf --mlx-lm py", "folders"),
            (Peer::Reference, "--model a.gguf --no-reference", "left out"),
        ] {
            let error = shown(peer, args).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
