//! Asks a question about the code in a folder:
//! `cargo run --release -p mlxcode-core --example ask -- FOLDER QUESTION [MODEL]`

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::path::Path;

use mlxcode_core::{Dirs, Model, TurnEvent, TurnOptions, Workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, question, model @ ..] = args.as_slice() else {
        return Err("usage: ask FOLDER QUESTION [MODEL]".into());
    };
    let dirs = Dirs::require(Dirs::from_env())?;
    let workspace = Workspace::open(Path::new(folder), &dirs)?;
    let Some(model) = model.first() else {
        let context = workspace.extract(question, &TurnOptions::default())?;
        for passage in context.passages() {
            println!("{}:{}  {}", passage.path, passage.lines, passage.reason);
        }
        return Ok(());
    };
    let model = Model::load(Path::new(model))?;
    let mut turn = workspace.ask(&model, question, TurnOptions::default())?;
    for event in turn.by_ref() {
        if let TurnEvent::Text(text) = event? {
            print!("{text}");
        }
    }
    println!();
    for passage in turn.context().passages() {
        println!("{}:{}", passage.path, passage.lines);
    }
    Ok(())
}
