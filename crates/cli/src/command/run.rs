//! `mlx-code run`: questions with names, for scripts.

use mlxcode_core::{NamedCommand, NamedCommands};

use crate::args::{Conversation, Run};
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, CommandRowOutput, CommandsOutput};
use crate::output::{table, visible};
use crate::repl;

/// Runs the verb.
pub fn run(args: &Run, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let commands = workspace.commands()?;
    let Some(name) = &args.name else { return list(&commands, common, host) };
    let question = commands.find(name)?.question_of(&args.arguments)?;
    let conversation = Conversation {
        print: Some(question),
        mode: args.mode,
        output_format: args.output_format,
        ..Conversation::default()
    };
    repl::run(&conversation, common, host)
}

fn list(commands: &NamedCommands, common: &Common, host: &mut Host<'_>) -> Outcome {
    if common.json {
        let rows = |list: &[NamedCommand]| list.iter().map(row).collect();
        let (commands, hidden) = (rows(&commands.commands), rows(&commands.hidden));
        json::write(host, &CommandsOutput { commands, hidden })?;
        return Ok(SUCCESS);
    }
    for problem in &commands.problems {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        let text = format!("{}{line}: {}", problem.path.display(), problem.text);
        written(writeln!(host.messages, "{}", visible(text)))?;
    }
    if commands.commands.is_empty() {
        written(writeln!(
            host.output,
            "no command has a name; `mlx-code help commands` tells how"
        ))?;
        return Ok(SUCCESS);
    }
    let mut rows = vec![["NAME", "ARGUMENTS", "WHOSE", "DESCRIPTION"].map(str::to_owned).to_vec()];
    rows.extend(commands.commands.iter().map(row).map(|row| {
        let about = row.description.lines().next().unwrap_or_default().to_owned();
        vec![row.name, row.arguments.unwrap_or_default(), row.origin, about]
    }));
    table::show(host, &rows, &[])?;
    for hidden in &commands.hidden {
        let text = format!("{} of the {} has the name of another one", hidden.name, hidden.origin);
        written(writeln!(host.messages, "{}", visible(text)))?;
    }
    Ok(SUCCESS)
}

fn row(command: &NamedCommand) -> CommandRowOutput {
    CommandRowOutput {
        name: command.name.clone(),
        description: command.description.clone(),
        arguments: command.arguments.clone(),
        origin: command.origin.to_string(),
        file: command.path.as_ref().map(|path| path.display().to_string()),
    }
}
