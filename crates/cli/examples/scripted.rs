//! The `mlx-code` program with a model that answers from a list, for tests and
//! for looking at the conversation without a model.
//!
//! `cargo run -p mlx-code --example scripted -- REPLIES.json [ARGUMENT…]`, where
//! the file is a JSON list of texts. The model can be told of tools, for who
//! says `--tools on`.

use std::process::ExitCode;

use mlxcode_core::{Model, ScriptedModel};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut args = std::env::args_os();
    let program = args.next().unwrap_or_default();
    let file = args.next().ok_or("name a file with a JSON list of replies")?;
    let replies: Vec<String> = serde_json::from_slice(&std::fs::read(file)?)?;
    let model = Model::new(ScriptedModel::new(replies).with_tools());
    let args = std::iter::once(program).chain(args);
    Ok(ExitCode::from(mlx_code_cli::main_with(args, Some(model))))
}
