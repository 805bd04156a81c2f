//! `mlx-code models compare`.

use mlxcode_core::{
    BenchmarkOptions, ByteSize, CompareOptions, Comparison, EditFormat, ModelLibrary, SpeedSource,
};

use crate::args::Compare;
use crate::command::Common;
use crate::command::generate::read_text;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, CompareOutput};
use crate::output::progress::ProgressLine;
use crate::output::{table, time};

/// Puts models side by side.
pub fn run(library: &ModelLibrary, args: Compare, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut options = CompareOptions::default();
    options.text = args.text.as_deref().map(|path| read_text(path, host)).transpose()?;
    options.speed = match (args.measure, args.no_measure) {
        (true, _) => SpeedSource::Measure,
        (_, true) => SpeedSource::Records,
        _ => SpeedSource::RecordsElseMeasure,
    };
    options.benchmark = BenchmarkOptions {
        prompt_tokens: args.prompt_tokens,
        generate_tokens: args.generate_tokens,
        repeat: args.repeat,
        threads: args.threads,
        ..BenchmarkOptions::default()
    };
    options.edit_formats = if args.edits && args.edit_format.is_empty() {
        EditFormat::ALL.to_vec()
    } else {
        args.edit_format.into_iter().map(Into::into).collect()
    };
    options.cancel = host.cancel.clone();
    let line = ProgressLine::new(host.live && !common.json);
    let compared = library.compare(&host.current_dir, &args.models, &options, &line);
    line.clear();
    let compared = compared?;
    if common.json {
        json::write(host, &CompareOutput { models: compared.iter().map(Into::into).collect() })?;
        return Ok(SUCCESS);
    }
    table::show_whole(host, &rows(&compared))?;
    remarks(&compared, host)?;
    Ok(SUCCESS)
}

/// A column for each model.
fn rows(compared: &[Comparison]) -> Vec<Vec<String>> {
    let row = |name: &str, cell: &dyn Fn(&Comparison) -> String| {
        std::iter::once(name.to_owned()).chain(compared.iter().map(cell)).collect::<Vec<String>>()
    };
    let known = |number: Option<f64>, unit: &str| match number {
        Some(number) => format!("{number:.1}{unit}"),
        None => "not measured".to_owned(),
    };
    let mut rows = vec![
        row("", &|one| one.name.clone()),
        row("architecture", &|one| one.architecture.clone()),
        row("weights", &|one| one.weights.clone()),
        row("parameters", &|one| many(one.parameters)),
        row("size", &|one| ByteSize(one.size_bytes).to_string()),
        row("context", &|one| format!("{} tokens", one.context_length)),
        row("memory", &|one| ByteSize(one.memory_bytes).to_string()),
        row("prefill", &|one| known(one.speed.map(|s| s.prefill_tokens_per_second), " tokens/s")),
        row("decode", &|one| known(one.speed.map(|s| s.decode_tokens_per_second), " tokens/s")),
        row("measured", &|one| match one.speed {
            Some(speed) => speed.measured_at_ms.map_or("now".to_owned(), time::utc),
            None => "never".to_owned(),
        }),
    ];
    if compared.iter().any(|one| one.perplexity.is_some()) {
        let text = |one: &Comparison, of: fn(&mlxcode_core::ComparedText) -> String| {
            one.perplexity.as_ref().map_or_else(String::new, of)
        };
        rows.push(row("perplexity", &|one| text(one, |text| format!("{:.3}", text.perplexity))));
        rows.push(row("bits a byte", &|one| {
            text(one, |text| format!("{:.3}", text.bits_per_byte))
        }));
        rows.push(row("scored", &|one| text(one, |text| format!("{} tokens", text.scored_tokens))));
    }
    let formats = compared.first().map_or(&[][..], |one| &one.edits[..]);
    for (place, score) in formats.iter().enumerate() {
        rows.push(row(&format!("edits, {}", score.format.as_str()), &|one| {
            let score = &one.edits[place];
            format!("{} of {}", score.passed(), score.tasks.len())
        }));
    }
    rows
}

fn remarks(compared: &[Comparison], host: &mut Host<'_>) -> Outcome<()> {
    let Some(first) = compared.first() else { return Ok(()) };
    let contexts: Vec<usize> = compared.iter().map(|one| one.memory_context_tokens).collect();
    let least = contexts.iter().min().copied().unwrap_or(first.memory_context_tokens);
    let most = contexts.iter().max().copied().unwrap_or(least);
    let context = if least == most { format!("{most}") } else { format!("up to {most}") };
    let mut line = format!("memory is for a context of {context} tokens");
    if first.perplexity.is_some() {
        line.push_str(
            "; perplexity compares models with the same tokens, bits a byte compares any",
        );
    }
    written(writeln!(host.messages, "{line}"))
}

/// A number of weights in three digits or so.
fn many(number: u64) -> String {
    match number {
        0..1_000_000 => number.to_string(),
        1_000_000..1_000_000_000 => format!("{:.1} million", number as f64 / 1e6),
        _ => format!("{:.2} billion", number as f64 / 1e9),
    }
}
