//! Our engine beside others on the same files.

mod figures;
mod memory;
mod options;
mod peer;
mod table;

pub use memory::memory;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use crate::bench::options::{Options, Subject};
use crate::bench::peer::{Peer, measure};
use crate::bench::table::{Comparison, Row};
use crate::run::{cargo, run, target};

/// Runs all programs in turns and shows how they compare.
pub fn engine(root: &Path, args: &[&str]) -> Result<()> {
    let options = Options::parse(args)?;
    let ours = match &options.program {
        Some(program) => program.clone(),
        None => build(root)?,
    };
    let mut documents = Vec::new();
    for subject in &options.models {
        for &threads in &options.threads {
            let comparison = compare(root, &ours, &options, subject, threads);
            println!("{}", comparison.table());
            documents.push(comparison.json());
        }
    }
    if let Some(place) = &options.json {
        let document = json!({ "rounds": options.rounds, "comparisons": documents });
        let text = serde_json::to_string_pretty(&document)?;
        fs::write(place, text + "\n")
            .with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf> {
    run(cargo(root).args(["build", "--release", "--package", "mlx-code"]))?;
    let name = format!("mlx-code{}", std::env::consts::EXE_SUFFIX);
    Ok(target(root).join("release").join(name))
}

/// A program that takes part, or took part until it failed.
struct Contender {
    row: Row,
    command: Option<Command>,
}

/// Round by round, each program once: what disturbs the machine for a while
/// disturbs all of them. Each round begins with the next program.
fn compare(
    root: &Path,
    ours: &Path,
    options: &Options,
    subject: &Subject,
    threads: usize,
) -> Comparison {
    let mut contenders = Peer::ALL.map(|peer| {
        let command = peer.command(root, ours, options, subject, threads);
        let (command, problem) = match command {
            Ok(command) => (Some(command), None),
            Err(problem) => (None, Some(problem)),
        };
        let rounds = Vec::with_capacity(options.rounds);
        Contender { row: Row { peer, counts: peer.counts(options), problem, rounds }, command }
    });
    for round in 0..options.rounds {
        for turn in 0..contenders.len() {
            let place = (round + turn) % contenders.len();
            let Contender { row, command } = &mut contenders[place];
            let Some(running) = command else {
                row.rounds.push(None);
                continue;
            };
            eprintln!("round {} of {}: {}", round + 1, options.rounds, row.peer.name());
            match measure(running, options.limit) {
                Ok(figures) => row.rounds.push(Some(figures)),
                Err(error) => {
                    row.problem = Some(format!("{error:#}"));
                    row.rounds.push(None);
                    *command = None;
                }
            }
        }
    }
    let model = subject.path.file_name().unwrap_or(subject.path.as_os_str());
    let model = match &subject.against {
        None => model.to_string_lossy().into_owned(),
        Some(other) => {
            let other = other.file_name().unwrap_or(other.as_os_str());
            format!("{} (llama.cpp: {})", model.to_string_lossy(), other.to_string_lossy())
        }
    };
    Comparison { model, threads, rows: contenders.map(|contender| contender.row).into() }
}
