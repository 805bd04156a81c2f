//! `mlx-code models list`.

use mlxcode_core::{ByteSize, LibraryContents, LibraryState, ModelLibrary, ModelSummary};

use super::show::output;
use crate::command::Common;
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, ModelsOutput};

/// Lists the installed models.
pub fn run(library: &ModelLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let LibraryContents { models, broken, .. } = library.contents()?;
    // Models are listed whatever became of the records.
    let said = match library.records() {
        Ok(said) => said,
        Err(error) => {
            if !common.json {
                show_broken("what is said of models cannot be shown", &error, host)?;
            }
            LibraryState::default()
        }
    };
    if common.json {
        let models = models.iter().map(|model| output(model, &said.record(&model.name))).collect();
        json::write(host, &ModelsOutput { models })?;
        return Ok(SUCCESS);
    }
    for (name, error) in broken {
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
        let said = said.record(name);
        let name = style.strong(name);
        let mut line = format!("{name}{padding}  {architecture} {weights}  {size}");
        if said.favourite {
            line.push_str("  *");
        }
        let words = said.category.iter().chain(&said.tags).map(|word| format!("#{word}"));
        let words = words.collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            line.push_str(&format!("  {}", style.dim(words)));
        }
        written(writeln!(host.output, "{line}"))?;
    }
    Ok(SUCCESS)
}
