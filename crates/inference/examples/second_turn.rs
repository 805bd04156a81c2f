//! How soon the second turn of a conversation begins.
//!
//! `cargo run --release -p mlxcode-inference --example second_turn -- MODEL [SHARED [NEW]]`
//! reads a prompt of SHARED tokens (8,000), then one that begins with it and
//! has NEW more (400), then NEW tokens alone, then as many as the second but
//! all of them new, five times each with other tokens, and tells the medians
//! of the times to the first token.

#![allow(clippy::print_stdout, reason = "an example prints what it measured")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use mlxcode_base::CancelToken;
use mlxcode_inference::{Engine, LoadOptions};
use mlxcode_models::{GenerateOptions, GenerationEvent, InstalledModel};

const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let model = arguments.first().ok_or("name a model: a GGUF file or a folder")?;
    let count = |place: usize, usual: u32| {
        arguments.get(place).map_or(Ok(usual), |number| number.parse::<u32>())
    };
    let (shared, new) = (count(1, 8000)?, count(2, 400)?);
    let mut options = LoadOptions::default();
    options.ignore_eos = true;
    let engine = Engine::load(&InstalledModel::check_in_place(Path::new(model))?, &options)?;
    let mut times = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let first: Vec<u32> = text(shared, 4 * round);
        let second = [first.clone(), text(new, 4 * round + 1)].concat();
        let (alone, whole) = (text(new, 4 * round + 2), text(shared + new, 4 * round + 3));
        for (times, prompt) in times.iter_mut().zip([first, second, alone, whole]) {
            times.push(seconds_to_first_token(&engine, prompt)?);
        }
    }
    let [first, second, alone, whole] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!("first turn, {shared} tokens: {first:.3} s");
    println!("second turn, {new} more: {second:.3} s");
    println!("{new} tokens alone: {alone:.3} s; the second turn takes {:.2} ×", second / alone);
    let after = whole - first;
    println!(
        "{new} tokens after {shared} that were read in the same turn: {after:.3} s, the second \
         turn takes {:.2} ×",
        second / after
    );
    Ok(())
}

/// Tokens without a pattern.
fn text(count: u32, seed: u32) -> Vec<u32> {
    let mix = |place: u32| place.wrapping_mul(2_654_435_761).wrapping_add(seed * 977) >> 7;
    (0..count).map(|place| mix(place + seed * 100_003) % 50_000).collect()
}

fn seconds_to_first_token(engine: &Engine, prompt: Vec<u32>) -> Result<f64, Box<dyn Error>> {
    let options = GenerateOptions { max_tokens: Some(1), ..GenerateOptions::default() };
    let start = Instant::now();
    for event in engine.generate_tokens(prompt, &options, CancelToken::new())? {
        if matches!(event?, GenerationEvent::Started { .. }) {
            return Ok(start.elapsed().as_secs_f64());
        }
    }
    Err("the generation never started".into())
}
