//! `mlx-code models show`, and how a model is shown elsewhere.

use mlxcode_core::{ByteSize, ModelLibrary, ModelRecord, ModelSummary};

use super::record;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, ModelFileOutput, ModelOutput};

/// As many digits of a checksum as tell it from others.
const SHOWN_DIGITS: usize = 12;

/// Shows one model in full.
pub fn run(library: &ModelLibrary, name: &str, common: &Common, host: &mut Host<'_>) -> Outcome {
    let model = library.summary(name)?;
    summary(&model, &library.record(&model.name)?, common, host)
}

/// Shows what is known of a model.
pub fn summary(
    summary: &ModelSummary,
    said: &ModelRecord,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    if common.json {
        json::write(host, &output(summary, said))?;
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
    record::show(said, host)?;
    if let Some(origin) = summary.files.iter().find_map(|file| file.origin.as_deref()) {
        // Its repository and the beginning of its commit.
        let place = origin.split_once('@').map_or(origin.to_owned(), |(repository, rest)| {
            format!("{repository}@{}", rest.chars().take(SHOWN_DIGITS).collect::<String>())
        });
        written(writeln!(host.output, "  {:<13}{place}", "from"))?;
    }
    let widest = summary.files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0);
    for file in &summary.files {
        // All of them are in the JSON document.
        let sha256: String = file.sha256.chars().take(SHOWN_DIGITS).collect();
        let (name, size) = (&file.name, ByteSize(file.size_bytes).to_string());
        let sha256 = style.dim(format!("sha256 {sha256}…"));
        written(writeln!(host.output, "  {name:<widest$}  {size:>10}  {sha256}"))?;
    }
    Ok(SUCCESS)
}

/// The document of a model.
pub fn output(model: &ModelSummary, said: &ModelRecord) -> ModelOutput {
    ModelOutput {
        name: model.name.clone(),
        architecture: model.architecture.clone(),
        weights: model.weights.clone(),
        parameters: model.parameters,
        context_length: model.context_length,
        size_bytes: model.size_bytes,
        favourite: said.favourite,
        category: said.category.clone(),
        tags: said.tags.clone(),
        aliases: said.aliases.clone(),
        note: said.note.clone(),
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
