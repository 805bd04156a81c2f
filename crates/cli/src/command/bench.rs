//! `mlx-code bench`: how fast a model runs here.

use mlxcode_core::{Benchmark, BenchmarkOptions, ByteSize, InputError, LoadedConfig, ModelLibrary};

use crate::args::Bench;
use crate::command::bench_output::BenchOutput;
use crate::command::{Common, dirs};
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json;
use crate::output::progress::ProgressLine;

/// Runs the verb.
pub fn run(args: Bench, common: &Common, host: &mut Host<'_>) -> Outcome {
    let dirs = dirs(host)?;
    let library = ModelLibrary::open(&dirs)?;
    let model = if let Some(model) = &common.model {
        model.clone()
    } else {
        let config = LoadedConfig::read(&dirs, None)?.config;
        library.default_model(&config)?.ok_or(InputError::NoModel)?
    };
    let keep = !args.no_record;
    let options = options(args, host);
    let line = ProgressLine::new(host.live && !common.json);
    let found = library.benchmark(&host.current_dir, &model, &options, &line);
    line.clear();
    let found = found?;
    // What was measured is shown whatever becomes of the records.
    if keep && let Err(error) = library.record_benchmark(&model, &found) {
        show_broken("the result is not kept", &error, host)?;
    }
    if common.json {
        json::write(host, &BenchOutput::new(&found))?;
    } else {
        show(&found, host)?;
    }
    Ok(SUCCESS)
}

fn options(args: Bench, host: &Host<'_>) -> BenchmarkOptions {
    BenchmarkOptions {
        prompt_tokens: args.prompt_tokens,
        generate_tokens: args.generate_tokens,
        repeat: args.repeat,
        threads: args.computing.threads,
        engine: args.computing.engine.kind(),
        tier: args.computing.tier,
        cache: args.computing.cache.kind(),
        bandwidth: args.bandwidth,
        cancel: host.cancel.clone(),
    }
}

fn show(found: &Benchmark, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let types: Vec<String> = found
        .weight_types
        .iter()
        .map(|of| format!("{} in {} tensors of {}", ByteSize(of.size_bytes), of.tensors, of.name))
        .collect();
    let memory = |bytes: Option<u64>| bytes.map(|bytes| ByteSize(bytes).to_string());
    let rows = [
        ("weights", Some(types.join(", "))),
        (
            "engine",
            Some(format!(
                "{}, {} kernels, {} threads",
                found.engine.as_str(),
                found.tier,
                found.threads
            )),
        ),
        (
            "prefill",
            Some(format!(
                "{:.1} tokens/s ({} tokens)",
                found.prefill_tokens_per_second(),
                found.prompt_tokens
            )),
        ),
        (
            "decode",
            Some(format!(
                "{:.1} tokens/s ({} tokens)",
                found.decode_tokens_per_second(),
                found.generated_tokens
            )),
        ),
        ("first token", Some(format!("{:.0} ms", found.time_to_first_token_ms()))),
        ("load", Some(format!("{:.0} ms", found.load_ms))),
        ("memory", memory(found.loaded_resident_bytes)),
        ("most memory", memory(found.peak_resident_bytes)),
        (
            "bandwidth",
            found.read_bandwidth_bytes_per_second.zip(found.bandwidth_share()).map(
                |(bandwidth, share)| {
                    format!("{:.1} GB/s, decode takes {:.0} %", bandwidth / 1e9, share * 100.0)
                },
            ),
        ),
    ];
    written(writeln!(host.output, "{}", style.strong(&found.model.name)))?;
    for (name, value) in rows {
        if let Some(value) = value {
            written(writeln!(host.output, "  {name:<13}{value}"))?;
        }
    }
    Ok(())
}
