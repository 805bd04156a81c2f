//! `mlx-code map`: the most central symbols of a tree.

use crate::args::Map;
use crate::command::{Common, place};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, MapOutput};
use crate::output::visible;

/// Runs the verb.
pub fn run(args: &Map, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let navigation = workspace.navigation(&host.cancel)?;
    let mut near = Vec::new();
    for typed in &args.near {
        near.extend(navigation.nodes(&place(&workspace, host, typed)?)?);
    }
    let map = navigation.map(&near, args.tokens);
    if common.json {
        let (files, symbols) = (map.files, map.symbols);
        json::write(host, &MapOutput { text: map.text, tokens: map.tokens, files, symbols })?;
        return Ok(SUCCESS);
    }
    for line in map.text.lines() {
        written(writeln!(host.output, "{}", visible(line)))?;
    }
    Ok(SUCCESS)
}
