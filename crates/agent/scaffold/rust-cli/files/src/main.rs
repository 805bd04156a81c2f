use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

/// {{ description }}
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The files to read
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    for file in &arguments.files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        println!("{}: {}", file.display(), {{ name | lower | replace('-', '_') }}::count_words(&text));
    }
    Ok(())
}
