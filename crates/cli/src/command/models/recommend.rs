//! `mlx-code models recommend`.

use mlxcode_core::{ModelLibrary, RecommendOptions, free_memory_bytes};

use crate::args::Recommend;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::Style;
use crate::output::json::{self, RecommendOutput};

/// Names the models that suit a task on this machine.
pub fn run(
    library: &ModelLibrary,
    args: &Recommend,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let catalogue = super::catalogue(library, true, host)?;
    let mut options = RecommendOptions::default();
    options.task = args.task.join(" ");
    options.memory_bytes = args.memory.or_else(free_memory_bytes);
    options.context_tokens = args.context;
    options.limit = args.limit;
    let found = library.recommend(&catalogue, &options)?;
    if common.json {
        let models = found.iter().map(Into::into).collect();
        json::write(host, &RecommendOutput { memory_bytes: options.memory_bytes, models })?;
        return Ok(SUCCESS);
    }
    if found.is_empty() {
        let line = "no model that is known suits that and fits into the memory";
        written(writeln!(host.messages, "{line}; `models search` shows all"))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    for one in &found {
        let state = if one.installed { "installed" } else { "in the catalogue" };
        let name = style.strong(&one.name);
        written(writeln!(
            host.output,
            "{name}  {}",
            style.dim(format!("{state}, {} points", one.points))
        ))?;
        for reason in &one.reasons {
            written(writeln!(host.output, "  {}", style.plain(reason)))?;
        }
        if let Some(source) = &one.source {
            written(writeln!(host.output, "  from {}", style.plain(source)))?;
        }
    }
    Ok(SUCCESS)
}
