//! `mlx-code prompts`: what a model is told, and what replaces it.

use mlxcode_core::{
    BUILT_IN_PROMPTS, BuiltInPrompt, Error, ProjectPrompts, PromptPlace, Prompts as Templates,
    Workspace,
};

use crate::args::Prompts;
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::json::{
    self, ProjectPromptsOutput, PromptFoldersOutput, PromptOutput, PromptRowOutput, PromptsOutput,
};
use crate::output::{Style, count, table, visible};

/// Runs the verb.
pub fn run(args: Prompts, common: &Common, host: &mut Host<'_>) -> Outcome {
    let workspace = common.workspace(host)?;
    match args {
        Prompts::List => list(&workspace, common, host),
        Prompts::Show { name, built_in } => {
            let prompts = if built_in { Templates::default() } else { workspace.prompts() };
            show(&name, &prompts, common, host)
        }
        Prompts::Path => path(&workspace, common, host),
        Prompts::Trust => trust(&workspace, true, common, host),
        Prompts::Distrust => trust(&workspace, false, common, host),
    }
}

fn list(workspace: &Workspace, common: &Common, host: &mut Host<'_>) -> Outcome {
    let prompts = workspace.prompts();
    let project = workspace.project_prompts()?;
    let listed: Vec<PromptRowOutput> =
        BUILT_IN_PROMPTS.iter().map(|prompt| row(prompt, &prompts)).collect();
    let unknown = prompts.unknown().iter().map(|file| file.display().to_string()).collect();
    if common.json {
        let project = project.map(project_output);
        json::write(host, &PromptsOutput { prompts: listed, unknown, project })?;
        return Ok(SUCCESS);
    }
    let mut rows = vec![["NAME", "WHAT IT IS FOR", "REPLACED BY"].map(str::to_owned).to_vec()];
    let mut problems = Vec::new();
    for row in listed {
        problems.extend(row.problem);
        rows.push(vec![row.name, row.about, row.file.unwrap_or_default()]);
    }
    table::show(host, &rows, &[])?;
    let style = Style::for_messages(host);
    for problem in problems {
        written(writeln!(host.messages, "{} {}", style.error("error:"), visible(problem)))?;
    }
    for file in unknown {
        let text = format!("{file} has the name of no prompt, and counts for nothing");
        written(writeln!(host.messages, "{}", visible(text)))?;
    }
    if let Some(project) = project.filter(|project| !project.is_trusted) {
        let prompts = count(project.files.len(), "prompt");
        let folder = project.folder.display();
        let text = format!(
            "not in use: {prompts} of this project, in {folder}; after a look at them, \
             `mlx-code prompts trust` lets them count"
        );
        written(writeln!(host.messages, "{}", visible(text)))?;
    }
    Ok(SUCCESS)
}

fn row(prompt: &BuiltInPrompt, prompts: &Templates) -> PromptRowOutput {
    let file = match prompts.place(prompt.name) {
        PromptPlace::File(file) => Some(file.display().to_string()),
        PromptPlace::BuiltIn => None,
    };
    PromptRowOutput {
        name: prompt.name.to_owned(),
        about: prompt.about.to_owned(),
        values: prompt.values.iter().map(ToString::to_string).collect(),
        file,
        problem: prompts.check(prompt.name).err().map(|error| Error::from(error).sentence()),
    }
}

fn show(name: &str, prompts: &Templates, common: &Common, host: &mut Host<'_>) -> Outcome {
    let text = prompts.source(name)?;
    if common.json
        && let Some(prompt) = BUILT_IN_PROMPTS.iter().find(|prompt| prompt.name == name)
    {
        let text = text.to_owned();
        json::write(host, &PromptOutput { prompt: row(prompt, prompts), text })?;
        return Ok(SUCCESS);
    }
    // A script copies it: the bytes are those of the template.
    written(host.stream(text))?;
    if !text.ends_with('\n') {
        written(writeln!(host.output))?;
    }
    Ok(SUCCESS)
}

fn path(workspace: &Workspace, common: &Common, host: &mut Host<'_>) -> Outcome {
    let folders = workspace.prompt_folders();
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    if common.json {
        json::write(host, &PromptFoldersOutput { folders })?;
        return Ok(SUCCESS);
    }
    for folder in folders {
        written(writeln!(host.output, "{}", visible(folder)))?;
    }
    Ok(SUCCESS)
}

fn trust(workspace: &Workspace, trusted: bool, common: &Common, host: &mut Host<'_>) -> Outcome {
    let project = workspace.trust_prompts(trusted)?;
    if common.json {
        json::write(host, &project.map(project_output))?;
        return Ok(SUCCESS);
    }
    let Some(project) = project else {
        written(writeln!(host.output, "this project has no prompts of its own"))?;
        return Ok(SUCCESS);
    };
    let what = if trusted { "counts from now on, as it is" } else { "does not count" };
    for file in &project.files {
        written(writeln!(host.output, "{}", visible(format!("{} {what}", file.display()))))?;
    }
    Ok(SUCCESS)
}

fn project_output(project: ProjectPrompts) -> ProjectPromptsOutput {
    ProjectPromptsOutput {
        folder: project.folder.display().to_string(),
        files: project.files.iter().map(|file| file.display().to_string()).collect(),
        is_trusted: project.is_trusted,
    }
}
