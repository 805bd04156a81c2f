//! `mlx-code models`: what is installed.

use std::path::Path;

use mlxcode_core::{ByteSize, ModelLibrary, ModelSummary, VerifyReport};

use crate::args::Models;
use crate::command::{Common, dirs};
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::{SUCCESS, UNHEALTHY};
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{
    self, CheckOutput, ModelFileOutput, ModelOutput, ModelsOutput, RemovedOutput, VerifyOutput,
};
use crate::output::progress::ProgressLine;

/// Runs the verb.
pub fn run(args: Models, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut library = ModelLibrary::open(&dirs(host)?)?;
    match args {
        Models::Add { path, name } => add(&mut library, &path, name.as_deref(), common, host),
        Models::List => list(&library, common, host),
        Models::Show { name } => {
            let summary = library.summary(&name)?;
            show(&summary, common, host)
        }
        Models::Verify { name } => verify(&library, &name, common, host),
        Models::Rm { name } => {
            library.remove(&name)?;
            if common.json {
                json::write(host, &RemovedOutput { removed: name })?;
            } else {
                written(writeln!(host.output, "removed {name}"))?;
            }
            Ok(SUCCESS)
        }
    }
}

fn add(
    library: &mut ModelLibrary,
    path: &Path,
    name: Option<&str>,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let line = ProgressLine::new(host.live && !common.json);
    let added = library.add(&host.current_dir.join(path), name, &line, &host.cancel);
    line.clear();
    let summary = added?;
    if common.json {
        return show(&summary, common, host);
    }
    let ModelSummary { name, architecture, weights, size_bytes, .. } = &summary;
    written(writeln!(
        host.output,
        "installed {name}: {architecture} {weights}, {}",
        ByteSize(*size_bytes)
    ))?;
    Ok(SUCCESS)
}

fn list(library: &ModelLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let models = library.list()?;
    if common.json {
        let models = models.iter().map(output).collect();
        json::write(host, &ModelsOutput { models })?;
        return Ok(SUCCESS);
    }
    for (name, error) in library.broken()? {
        show_broken(&format!("{name} cannot be used"), &error, host)?;
    }
    if models.is_empty() {
        let how = mlxcode_core::HOW_TO_GET_A_MODEL;
        written(writeln!(host.output, "no model is installed; {how}"))?;
    }
    let style = Style::for_output(host);
    let widest = models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    for model in &models {
        let ModelSummary { name, architecture, weights, size_bytes, .. } = model;
        let padding = " ".repeat(widest - name.len());
        let size = ByteSize(*size_bytes);
        let name = style.strong(name);
        written(writeln!(host.output, "{name}{padding}  {architecture} {weights}  {size}"))?;
    }
    Ok(SUCCESS)
}

fn show(summary: &ModelSummary, common: &Common, host: &mut Host<'_>) -> Outcome {
    if common.json {
        json::write(host, &output(summary))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    written(writeln!(host.output, "{}", style.strong(&summary.name)))?;
    let rows = [
        ("architecture", summary.architecture.clone()),
        ("weights", summary.weights.clone()),
        ("parameters", summary.parameters.to_string()),
        ("context", format!("{} tokens", summary.context_length)),
        ("size", ByteSize(summary.size_bytes).to_string()),
    ];
    for (name, value) in rows {
        written(writeln!(host.output, "  {name:<13}{value}"))?;
    }
    for file in &summary.files {
        let sha256 = style.dim(&file.sha256);
        written(writeln!(host.output, "  {}  {}  {sha256}", file.name, ByteSize(file.size_bytes)))?;
    }
    Ok(SUCCESS)
}

fn verify(library: &ModelLibrary, name: &str, common: &Common, host: &mut Host<'_>) -> Outcome {
    let line = ProgressLine::new(host.live && !common.json);
    let report = library.verify(name, &line, &host.cancel);
    line.clear();
    let report = report?;
    let code = if report.is_sound() { SUCCESS } else { UNHEALTHY };
    if common.json {
        json::write(host, &verified(&report))?;
        return Ok(code);
    }
    let style = Style::for_output(host);
    for check in &report.checks {
        match &check.problem {
            None => written(writeln!(host.output, "{}  {}", style.added("ok  "), check.name))?,
            Some(problem) => {
                let mark = style.error("FAIL");
                written(writeln!(host.output, "{mark}  {}: {problem}", check.name))?;
            }
        }
        if let Some(help) = &check.help {
            written(writeln!(host.output, "      {help}"))?;
        }
    }
    Ok(code)
}

fn verified(report: &VerifyReport) -> VerifyOutput {
    let check = |check: &mlxcode_core::VerifyCheck| CheckOutput {
        name: check.name.clone(),
        passed: check.problem.is_none(),
        detail: check.problem.clone(),
        help: check.help.clone(),
    };
    VerifyOutput {
        name: report.name.clone(),
        sound: report.is_sound(),
        checks: report.checks.iter().map(check).collect(),
    }
}

fn output(model: &ModelSummary) -> ModelOutput {
    ModelOutput {
        name: model.name.clone(),
        architecture: model.architecture.clone(),
        weights: model.weights.clone(),
        parameters: model.parameters,
        context_length: model.context_length,
        size_bytes: model.size_bytes,
        files: model
            .files
            .iter()
            .map(|file| ModelFileOutput {
                name: file.name.clone(),
                size_bytes: file.size_bytes,
                sha256: file.sha256.clone(),
            })
            .collect(),
    }
}
