//! `mlx-code models stats`.

use std::collections::BTreeSet;

use mlxcode_core::{LibraryState, ModelLibrary};

use crate::args::Stats;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ModelStatsOutput, StatsOutput};
use crate::output::{table, time};

/// Shows how much models were used, and what was measured of them.
pub fn run(library: &ModelLibrary, args: &Stats, common: &Common, host: &mut Host<'_>) -> Outcome {
    let state = library.records()?;
    let names = match &args.name {
        None => state.models(),
        // Of a model that is gone there may be counts.
        Some(name) if state.models().contains(name) => BTreeSet::from([name.clone()]),
        Some(name) => BTreeSet::from([library.resolve(name)?]),
    };
    let mut models: Vec<ModelStatsOutput> = names.iter().map(|name| of(&state, name)).collect();
    if args.name.is_none() {
        models.retain(|model| model.loads + model.answers > 0 || !model.benchmarks.is_empty());
    }
    models.sort_by(|a, b| b.last_used_ms.cmp(&a.last_used_ms).then_with(|| a.name.cmp(&b.name)));
    if common.json {
        json::write(host, &StatsOutput { models })?;
        return Ok(SUCCESS);
    }
    if models.is_empty() {
        written(writeln!(host.messages, "no model was used yet"))?;
        return Ok(SUCCESS);
    }
    let mut rows = vec![
        ["name", "loads", "answers", "tokens in", "tokens out", "tokens/s", "last used"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(models.iter().map(|model| {
        let speed = model.decode_tokens_per_second;
        let last = model.last_used_ms;
        vec![
            model.name.clone(),
            model.loads.to_string(),
            model.answers.to_string(),
            model.prompt_tokens.to_string(),
            model.completion_tokens.to_string(),
            speed.map_or("–".to_owned(), |speed| format!("{speed:.1}")),
            if last == 0 { "never".to_owned() } else { time::utc(last) },
        ]
    }));
    table::show(host, &rows, &[1, 2, 3, 4, 5])?;
    if args.name.is_some() {
        for measured in models.iter().flat_map(|model| &model.benchmarks) {
            let processor = measured.processor.as_deref().unwrap_or("a machine");
            let line = format!(
                "measured {}: prefill {:.1}, decode {:.1} tokens/s; {processor}, {} threads, {}, version {}",
                time::utc(measured.at_ms),
                measured.prefill_tokens_per_second,
                measured.decode_tokens_per_second,
                measured.threads,
                measured.tier,
                measured.version
            );
            written(writeln!(host.output, "{}", crate::output::visible(line)))?;
        }
    }
    Ok(SUCCESS)
}

fn of(state: &LibraryState, name: &str) -> ModelStatsOutput {
    ModelStatsOutput::new(name, &state.record(name).usage, &state.benchmarks(name))
}
