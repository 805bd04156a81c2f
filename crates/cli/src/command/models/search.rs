//! `mlx-code models search`.

use mlxcode_core::{
    ByteSize, CatalogueEntry, CatalogueFile, CatalogueHit, CatalogueQuery, ModelLibrary,
    free_memory_bytes,
};

use crate::args::Search;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, CatalogueOutput, SearchOutput};
use crate::output::{count, table};

/// Finds models in the catalogue.
pub fn run(library: &ModelLibrary, args: &Search, common: &Common, host: &mut Host<'_>) -> Outcome {
    let catalogue = super::catalogue(library, true, host)?;
    let free = free_memory_bytes();
    let mut query = CatalogueQuery::default();
    query.text = args.text.join(" ");
    query.tags.clone_from(&args.tag);
    query.max_size_bytes = args.max_size;
    query.licence.clone_from(&args.licence);
    query.fits_bytes = free.filter(|_| args.fits);
    query.context_tokens = args.context;
    let hits = catalogue.search(&query);
    if common.json {
        let output =
            |hit: &CatalogueHit<'_>| CatalogueOutput::new(hit.entry, &hit.files, args.context);
        let models = hits.iter().map(output).collect();
        json::write(host, &SearchOutput { free_memory_bytes: free, models })?;
        return Ok(SUCCESS);
    }
    if args.fits && free.is_none() {
        written(writeln!(host.messages, "the system does not tell how much memory is free"))?;
    }
    if hits.is_empty() {
        let help = match catalogue.find(&query.text).err().and_then(|error| {
            let error = mlxcode_core::Error::from(error);
            error.help().filter(|_| !query.text.is_empty())
        }) {
            Some(help) => format!("; {help}"),
            None => String::new(),
        };
        written(writeln!(host.messages, "no model of the catalogue is like that{help}"))?;
        return Ok(SUCCESS);
    }
    let mut rows = vec![head()];
    rows.extend(
        hits.iter().filter_map(|hit| Some(row(hit.entry, hit.files.first()?, args.context, free))),
    );
    table::show(host, &rows, &[2, 3])?;
    let formats: usize = hits.iter().map(|hit| hit.files.len()).sum();
    let found = count(hits.len(), "model");
    let free = free.map_or_else(String::new, |free| format!("; {} are free", ByteSize(free)));
    written(writeln!(
        host.messages,
        "{found} in {formats} formats; memory is for a context of {} tokens{free}",
        args.context
    ))?;
    Ok(SUCCESS)
}

fn head() -> Vec<String> {
    ["name", "format", "download", "memory", "fits", "licence", "good at"]
        .map(str::to_owned)
        .to_vec()
}

fn row(
    entry: &CatalogueEntry,
    file: &CatalogueFile,
    context: usize,
    free: Option<u64>,
) -> Vec<String> {
    let needed = entry.memory_needed(file, context);
    let fits = free.map_or("?", |free| if needed <= free { "yes" } else { "no" });
    vec![
        entry.name(),
        file.format.clone(),
        ByteSize(file.size_bytes).to_string(),
        ByteSize(needed).to_string(),
        fits.to_owned(),
        entry.licence.clone(),
        entry.good_at.clone(),
    ]
}
