//! `mlx-code outline`: what a file defines.

use mlxcode_core::OutlineItem;

use crate::args::Outline;
use crate::command::{Common, relative};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{OutlineOutput, SymbolOutput};
use crate::output::{Style, json};

/// Runs the verb.
pub fn run(args: &Outline, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let paths = relative(&workspace, host, std::slice::from_ref(&args.file))?;
    for path in paths {
        let items = workspace.outline(&path)?;
        if common.json {
            let symbols = items.iter().map(SymbolOutput::new).collect();
            json::write(host, &OutlineOutput { path: path.to_string(), symbols })?;
        } else {
            show(&items, 0, host)?;
        }
    }
    Ok(SUCCESS)
}

fn show(items: &[OutlineItem], depth: usize, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_output(host);
    for item in items {
        let lines = style.dim(format!("{:>5}", item.symbol.lines.first));
        let head = style.plain(&item.symbol.signature);
        written(writeln!(host.output, "{lines}  {}{head}", "  ".repeat(depth)))?;
        show(&item.children, depth + 1, host)?;
    }
    Ok(())
}
