//! Applies the edits in a model's reply and takes them back:
//! `cargo run -p mlxcode-core --example apply_and_undo -- FOLDER REPLY.md`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use mlxcode_core::{Dirs, Workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, reply] = args.as_slice() else {
        return Err("usage: apply_and_undo FOLDER REPLY.md".into());
    };
    let dirs = Dirs::require(Dirs::from_env())?;
    let workspace = Workspace::open(Path::new(folder), &dirs)?;
    let reply = std::fs::read_to_string(reply)?;
    let plan = workspace.plan_reply(&reply)?;
    for change in plan.changes() {
        println!("{}", change.diff());
    }
    for refusal in plan.refusals() {
        println!("refused {}: {}", refusal.path, refusal.reason);
    }
    if plan.is_applicable() {
        let entry = workspace.apply(&plan, "example")?;
        println!("applied {}", entry.id);
        workspace.undo(Some(&entry.id))?;
        println!("took it back");
    }
    Ok(())
}
