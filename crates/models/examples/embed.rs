//! Prints the vectors of texts, for comparisons with other programs.
//!
//! `cargo run -p mlxcode-models --example embed -- FOLDER` reads the static
//! embeddings in FOLDER and, from its input, a JSON text a line; it prints for
//! each a JSON list of numbers.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::path::Path;
use std::{env, io};

use mlxcode_base::Embedder as _;
use mlxcode_models::StaticEmbedder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).ok_or("usage: embed FOLDER")?;
    let embedder = StaticEmbedder::open(Path::new(&folder))?;
    for line in io::stdin().lines() {
        let text: String = serde_json::from_str(&line?)?;
        for vector in embedder.embed(&[&text])? {
            println!("{}", serde_json::to_string(&vector)?);
        }
    }
    Ok(())
}
