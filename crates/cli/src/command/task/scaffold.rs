//! `mlx-code scaffold`: a new project from a template.

use std::collections::BTreeMap;
use std::path::Path;

use mlxcode_core::task::{ProjectTemplate, VariableKind};
use mlxcode_core::{Actor, InputError};

use super::pair;
use crate::args::Scaffold;
use crate::command::{Common, apply};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{self, ScaffoldOutput, TemplatesOutput};
use crate::output::{Style, visible};

/// Runs the verb.
pub fn run(args: &Scaffold, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    let templates = workspace.project_templates()?;
    let Some(name) = &args.template else { return list(&templates, common, host) };
    let template = ProjectTemplate::named(name, &templates)?;
    let into = match &args.folder {
        Some(folder) => workspace.relative(&host.current_dir, folder)?.to_string(),
        None => String::new(),
    };
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for text in &args.values {
        let (name, value) = pair(text)?;
        values.insert(name, value);
    }
    // The folder's name is the best guess at the project's.
    let last = Path::new(&into).file_name().or_else(|| workspace.root().file_name());
    let guess = last.map(|name| name.to_string_lossy().into_owned());
    ask(template, guess, &mut values, args, common, host)?;
    let (scaffold, plan) = workspace.scaffold(template, &into, &values)?;
    if !common.json {
        for file in &scaffold.files {
            written(writeln!(host.output, "{}", visible(file)))?;
        }
        written(host.output.flush())?;
    }
    let actor = Actor::new("scaffold");
    let refused = !plan.refusals().is_empty();
    let (code, outcome) = if common.json || args.consent.yes || args.consent.dry_run || refused {
        apply::decide(&workspace, plan, actor, &args.consent, common.json, host)?
    } else if super::yes_or_no(host, "Make these files?")? {
        // The names were shown; their contents are those of a template.
        let entry = workspace.apply(&plan, actor)?;
        let undo = format!(
            "made {} files; take them back with `mlx-code undo {}`",
            entry.files.len(),
            entry.id
        );
        written(writeln!(host.messages, "{undo}"))?;
        let mut outcome = apply::describe(&plan);
        (outcome.applied, outcome.entry) = (true, Some(entry.id));
        (SUCCESS, outcome)
    } else {
        written(writeln!(host.messages, "nothing was made"))?;
        (SUCCESS, apply::describe(&plan))
    };
    if common.json {
        let document = ScaffoldOutput {
            template: template.name.clone(),
            values: scaffold.values,
            next: scaffold.next,
            outcome,
        };
        json::write(host, &document)?;
    } else if outcome.applied {
        written(writeln!(host.messages, "next:"))?;
        if !into.is_empty() {
            written(writeln!(host.messages, "  cd {}", visible(&into)))?;
        }
        for line in &scaffold.next {
            written(writeln!(host.messages, "  {}", visible(line)))?;
        }
    }
    Ok(code)
}

/// Asks for what nobody said, where somebody is there to be asked.
fn ask(
    template: &ProjectTemplate,
    mut guess: Option<String>,
    values: &mut BTreeMap<String, String>,
    args: &Scaffold,
    common: &Common,
    host: &mut Host<'_>,
) -> Outcome<()> {
    let silent = common.json || args.consent.yes || args.consent.dry_run;
    let mut so_far: BTreeMap<String, String> = BTreeMap::new();
    for variable in &template.variables {
        if let Some(value) = values.get(&variable.name) {
            so_far.insert(variable.name.clone(), value.clone());
            continue;
        }
        let mut default = template.default_of(variable, &so_far)?;
        if variable.kind == VariableKind::Name
            && let Some(guess) = guess.take().filter(|guess| variable.check(guess).is_ok())
        {
            default = guess;
        }
        let mut value = default.clone();
        while let Some(keyboard) = host.keyboard.as_mut().filter(|_| !silent) {
            let shown = write!(host.messages, "{} [{}]: ", variable.prompt, visible(&default));
            written(shown.and_then(|()| host.messages.flush()))?;
            let mut line = String::new();
            match host.waiting.during(|| keyboard.read_line(&mut line)) {
                Ok(0) | Err(_) => return Err(InputError::NobodyToAsk.into()),
                Ok(_) => {}
            }
            let typed = line.trim();
            typed.clone_into(&mut value);
            if typed.is_empty() {
                value.clone_from(&default);
            }
            match variable.check(&value) {
                Ok(()) => break,
                Err(error) => written(writeln!(host.messages, "{}", visible(error)))?,
            }
        }
        so_far.insert(variable.name.clone(), value.clone());
        values.insert(variable.name.clone(), value);
    }
    Ok(())
}

fn list(templates: &[ProjectTemplate], common: &Common, host: &mut Host<'_>) -> Outcome {
    if common.json {
        json::write(host, &TemplatesOutput::new(templates))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    let width = templates.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    for template in templates {
        let name = style.strong(format!("{:width$}", visible(&template.name)));
        let own = if template.is_built_in { "" } else { " (your own)" };
        written(writeln!(host.output, "{name}  {}{own}", visible(&template.description)))?;
    }
    Ok(SUCCESS)
}
