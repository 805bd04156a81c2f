//! `mlx-code models fit`.

use mlxcode_core::{ByteSize, FitReport, FitRequest, FitVerdict, LoadOptions, ModelLibrary};

use crate::args::Cache;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, FitOutput};
use crate::output::progress::ProgressLine;

/// What the model is wanted for.
pub struct Wish {
    /// Tokens of prompt and answer together.
    pub context: Option<usize>,
    /// Answers at once.
    pub answers: usize,
    /// How keys and values are kept.
    pub cache: Cache,
}

/// Shows what a model would take of memory.
pub fn run(
    library: &ModelLibrary,
    model: &str,
    wish: &Wish,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let mut request = FitRequest::default();
    request.context_tokens = wish.context;
    request.sequences = wish.answers;
    let mut options = LoadOptions::default();
    options.cancel = host.cancel.clone();
    options.cache = wish.cache.kind();
    let line = ProgressLine::new(host.live && !common.json);
    let report = library.fit(&host.current_dir, model, &options, request, &line);
    line.clear();
    let report = report?;
    let fits = report.verdict() != FitVerdict::TooLarge;
    let code = if fits { SUCCESS } else { UNHEALTHY };
    if common.json {
        json::write(host, &FitOutput::new(model, &report))?;
        return Ok(code);
    }
    show(model, &report, host)?;
    Ok(code)
}

fn show(model: &str, report: &FitReport, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    let verdict = match report.verdict() {
        FitVerdict::Fits => style.added("fits"),
        FitVerdict::Tight => style.strong("fits, but only just"),
        FitVerdict::TooLarge => style.error("does not fit"),
        _ => style.strong("nobody knows how much is free"),
    };
    written(writeln!(host.output, "{}: {verdict}", style.strong(model)))?;
    let mut cache = format!("keys and values, {} tokens", report.context_tokens);
    if report.sequences > 1 {
        cache.push_str(&format!(" × {}", report.sequences));
    }
    let loading = report.loading_bytes.saturating_add(report.program_bytes);
    let rows = [
        ("weights", Some(report.weights_bytes)),
        (&*cache, Some(report.cache_bytes)),
        ("states and logits", Some(report.activations_bytes)),
        ("program and tokenizer", Some(report.program_bytes)),
        // Worth a line only where it is what counts.
        ("while loading", Some(loading).filter(|bytes| *bytes == report.total_bytes())),
        ("at most", Some(report.total_bytes())),
        ("free", report.available_bytes),
        ("past prompts may fill", Some(report.kept_prompts_bytes)),
    ];
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, bytes) in rows {
        if let Some(bytes) = bytes {
            let size = ByteSize(bytes).to_string();
            written(writeln!(host.output, "  {name:<widest$}  {size:>10}"))?;
        }
    }
    for remedy in report.remedies() {
        written(writeln!(host.output, "{} {remedy}", style.strong("help:")))?;
    }
    Ok(())
}
