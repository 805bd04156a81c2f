//! `mlx-code plugins`: what others add.

use std::path::Path;

use mlxcode_core::{Plugin, PluginLibrary, PluginStanding};

use crate::args::Plugins;
use crate::command::{Common, dirs};
use crate::exit::{Outcome, show_broken, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, PluginListOutput, PluginOutput, PluginRowOutput};
use crate::output::{Style, table, visible};

/// Runs the verb.
pub fn run(args: Plugins, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let library = mlxcode_core::plugins(&dirs(host)?, Some(workspace.root()));
    match args {
        Plugins::List => list(&library, common, host),
        Plugins::Show { name } => show(&name, &library, common, host),
        Plugins::Enable { name } => {
            let plugin = library.enable(&name)?;
            done("enabled", &plugin, &library, common, host)
        }
        Plugins::Disable { name } => {
            library.disable(&name)?;
            if common.json {
                return show(&name, &library, common, host);
            }
            written(writeln!(host.output, "disabled {}", visible(&name)))?;
            Ok(SUCCESS)
        }
        Plugins::Add { folder } => {
            let plugin = library.add(&host.current_dir.join(folder))?;
            done("added", &plugin, &library, common, host)
        }
        Plugins::Remove { name } => remove(&name, &library, common, host),
    }
}

fn list(library: &PluginLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let list = library.list()?;
    if common.json {
        let plugins = list.iter().map(PluginRowOutput::new).collect();
        json::write(host, &PluginListOutput { plugins })?;
        return Ok(SUCCESS);
    }
    if list.is_empty() {
        written(writeln!(host.output, "no plugin is here"))?;
        return Ok(SUCCESS);
    }
    let mut rows =
        vec![["NAME", "WHOSE", "STATE", "VERSION", "DESCRIPTION"].map(str::to_owned).to_vec()];
    for status in &list {
        let row = PluginRowOutput::new(status);
        rows.push(vec![
            row.name,
            row.scope.to_owned(),
            row.standing.to_owned(),
            row.version.unwrap_or_default(),
            row.description.unwrap_or_default(),
        ]);
    }
    table::show(host, &rows, &[])?;
    for status in list {
        match status.plugin {
            Err(error) => show_broken(&status.name, &error.into(), host)?,
            Ok(_) if status.standing == PluginStanding::Changed => {
                let name = visible(&status.name);
                written(writeln!(
                    host.messages,
                    "{name} has changed since it was enabled: look at it with `mlx-code plugins show {name}`, then enable it again"
                ))?;
            }
            Ok(_) => {}
        }
    }
    Ok(SUCCESS)
}

fn show(name: &str, library: &PluginLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let status = library.find(name)?;
    let row = PluginRowOutput::new(&status);
    let plugin = status.plugin?;
    let output = PluginOutput::new(row, &plugin);
    if common.json {
        json::write(host, &output)?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    let row = &output.row;
    let version = row.version.as_deref().unwrap_or_default();
    let head = format!("{} {version}", row.name);
    written(writeln!(
        host.output,
        "{}  {}, {}",
        style.strong(head.trim()),
        row.scope,
        row.standing
    ))?;
    if let Some(description) = &row.description {
        written(writeln!(host.output, "{}", visible(description)))?;
    }
    written(writeln!(host.output, "{}", visible(&row.folder)))?;
    contents(&output, host)
}

/// What a plugin brings, and what is wrong with it.
fn contents(output: &PluginOutput, host: &mut Host<'_>) -> Outcome {
    for (what, list) in
        [("skill", &output.skills), ("command", &output.commands), ("role", &output.roles)]
    {
        for one in list {
            let mark = if what == "command" { "/" } else { "" };
            let description = one.description.lines().next().unwrap_or_default();
            written(writeln!(
                host.output,
                "  {what} {mark}{}  {}",
                visible(&one.name),
                visible(description)
            ))?;
        }
    }
    for hook in &output.hooks {
        let matcher =
            if hook.matcher.is_empty() { String::new() } else { format!(" {}", hook.matcher) };
        written(writeln!(
            host.output,
            "  hook {}{}  runs `{}`",
            hook.event,
            visible(matcher),
            visible(&hook.command)
        ))?;
    }
    for adapter in &output.adapters {
        written(writeln!(host.output, "  model adapter {}", visible(adapter)))?;
    }
    if output.has_servers {
        written(writeln!(host.output, "  servers of tools: `mlx-code mcp list` shows them"))?;
    }
    let folder = Path::new(&output.row.folder);
    for problem in &output.problems {
        let path = Path::new(&problem.path);
        let path = path.strip_prefix(folder).unwrap_or(path).display();
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        written(writeln!(host.messages, "{}{line}: {}", visible(path), visible(&problem.message)))?;
    }
    Ok(SUCCESS)
}

fn done(
    word: &str,
    plugin: &Plugin,
    library: &PluginLibrary,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome {
    let row = PluginRowOutput::new(&library.find(&plugin.name)?);
    let output = PluginOutput::new(row, plugin);
    if common.json {
        json::write(host, &output)?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    written(writeln!(host.output, "{word} {}", style.strong(&plugin.name)))?;
    contents(&output, host)
}

fn remove(name: &str, library: &PluginLibrary, common: &Common, host: &mut Host<'_>) -> Outcome {
    let status = library.find(name)?;
    let row = PluginRowOutput::new(&status);
    let folder = library.remove(name)?;
    if common.json {
        json::write(host, &row)?;
        return Ok(SUCCESS);
    }
    written(writeln!(host.output, "removed {}", visible(folder.display())))?;
    Ok(SUCCESS)
}
