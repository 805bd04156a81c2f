//! Tells what the messages of a repository have in common:
//! `cargo run -p mlxcode-agent --example learn_style -- FOLDER`.

#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::path::Path;

use mlxcode_agent::task::commit::CommitStyle;
use mlxcode_git::Repository;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for folder in std::env::args().skip(1) {
        let Some(repository) = Repository::discover(Path::new(&folder))? else { continue };
        let style = CommitStyle::learn(&repository.log(200)?);
        println!("{folder}: {} messages", style.commits);
        for rule in style.rules() {
            println!("  {rule}");
        }
        println!("  body in {:.0} %, trailers: {:?}", style.body_share * 100.0, style.trailers);
        for example in &style.examples {
            println!("  > {example}");
        }
    }
    Ok(())
}
