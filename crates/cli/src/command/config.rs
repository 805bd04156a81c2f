//! `mlx-code config`: what is set, where, and setting it.

use mlxcode_core::{ConfigError, ConfigFile, Explained, LoadedConfig, Workspace};
use mlxcode_terminal::ThemeError;
use serde_json::Value;

use crate::args::{Config, Scope};
use crate::command::{Common, dirs};
use crate::editor::edit_text;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::look;
use crate::output::json::{self, ConfigFileOutput, ConfigListOutput, ConfigValueOutput};
use crate::output::{Style, table, visible};

/// Runs the verb.
pub fn run(args: Config, common: &Common, host: &mut Host<'_>) -> Outcome {
    match args {
        Config::Get { key } => get(&key, common, host),
        Config::Set { key, value, scope } => {
            let file = file(scope, common, host)?;
            let before = file.text()?;
            file.set(&key, &value)?;
            let is_look = key == "theme" || key.starts_with("colors");
            if let Some(wrong) = is_look.then(|| check_colors(host)).and_then(Result::err) {
                match before.trim() {
                    "" => drop(file.unset(&key)?),
                    _ => file.write(&before)?,
                }
                return Err(wrong.into());
            }
            // What is valid alone may not go with the other file.
            loaded(common, host)?;
            tell(&file, true, common, host, &format!("{key} is set"))
        }
        Config::Unset { key, scope } => {
            let file = file(scope, common, host)?;
            let was_there = file.unset(&key)?;
            let what = if was_there { "is no longer set" } else { "was not set" };
            tell(&file, was_there, common, host, &format!("{key} {what}"))
        }
        Config::Edit { scope } => {
            let file = file(scope, common, host)?;
            let changed = edit(&file, common, host)?;
            let what = if changed { "changed" } else { "as it was" };
            tell(&file, changed, common, host, what)
        }
        Config::Path { scope } => {
            let file = file(scope, common, host)?;
            if common.json {
                return tell(&file, false, common, host, "");
            }
            written(writeln!(host.output, "{}", visible(file.path().display())))?;
            Ok(SUCCESS)
        }
        Config::Explain { key: Some(key) } => explain(&key, common, host),
        Config::Explain { key: None } => explain_all(common, host),
        Config::List => list(common, host),
    }
}

/// Whether the colours of the user's file are some. That is for faces to know,
/// so the file itself takes any text.
fn check_colors(host: &Host<'_>) -> Result<(), ThemeError> {
    let Some(dirs) = &host.dirs else { return Ok(()) };
    // What else is wrong with it is told elsewhere.
    let Ok(LoadedConfig { config, .. }) = LoadedConfig::read(dirs, None) else { return Ok(()) };
    look::theme(None, &config, host).map(drop)
}

/// The configuration of the project that is worked in, where there is one.
fn loaded(common: &Common, host: &Host<'_>) -> Outcome<LoadedConfig> {
    let dirs = dirs(host)?;
    Ok(LoadedConfig::read(&dirs, root(common, host).as_deref())?)
}

/// The root that is worked in. A broken configuration must not hide it.
fn root(common: &Common, host: &Host<'_>) -> Option<std::path::PathBuf> {
    match &common.root {
        Some(root) => Some(host.current_dir.join(root)),
        None => Workspace::root_of(&host.current_dir).ok(),
    }
}

fn file(scope: Scope, common: &Common, host: &Host<'_>) -> Outcome<ConfigFile> {
    if !scope.project {
        return Ok(ConfigFile::of_user(&dirs(host)?));
    }
    let root = root(common, host).ok_or(ConfigError::NoProject)?;
    Ok(ConfigFile::of_project(&root))
}

fn tell(
    file: &ConfigFile,
    changed: bool,
    common: &Common,
    host: &mut Host<'_>,
    what: &str,
) -> Outcome {
    let name = file.path().display().to_string();
    if common.json {
        let source = file.source().as_str().to_owned();
        let exists = file.path().exists();
        json::write(host, &ConfigFileOutput { source, file: name, exists, changed })?;
    } else {
        written(writeln!(host.output, "{}", visible(format!("{what} in {name}"))))?;
    }
    Ok(SUCCESS)
}

fn get(key: &str, common: &Common, host: &mut Host<'_>) -> Outcome {
    let loaded = loaded(common, host)?;
    let value = loaded.get(key)?;
    if common.json {
        json::write(host, &ConfigValueOutput::from(loaded.explain(key)?))?;
    } else {
        // A text as it is, so that a script needs no quotes taken off.
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        written(writeln!(host.output, "{}", visible(text)))?;
    }
    Ok(SUCCESS)
}

fn explain(key: &str, common: &Common, host: &mut Host<'_>) -> Outcome {
    let explained = loaded(common, host)?.explain(key)?;
    if common.json {
        json::write(host, &ConfigValueOutput::from(explained))?;
        return Ok(SUCCESS);
    }
    let style = Style::for_output(host);
    if let Some(about) = &explained.about {
        let only = if about.is_users_alone { ", in the user's own file alone" } else { "" };
        written(writeln!(host.output, "{}", style.strong(&explained.key)))?;
        written(writeln!(host.output, "{}", visible(&about.about)))?;
        written(writeln!(host.output, "takes {}{only}", visible(&about.takes)))?;
    }
    show_settings(&explained, host)
}

fn show_settings(explained: &Explained, host: &mut Host<'_>) -> Outcome {
    let style = Style::for_output(host);
    for setting in &explained.settings {
        let place = format!("{}:{}", setting.path.display(), setting.line);
        let line = visible(format!("{} = {}", explained.key, setting.value));
        let verdict = if setting.is_shadowed { "shadowed by" } else { "set by" };
        let by = format!("{verdict} {}", setting.source.as_str());
        let by = if setting.is_shadowed {
            // The strongest file is told first.
            style.dim(format!("{} file, does not count", setting.source.as_str()))
        } else {
            style.strong(by)
        };
        written(writeln!(host.output, "{line}  {by}  {}", style.place(place)))?;
    }
    if explained.settings.is_empty() {
        let line = match &explained.default {
            Some(default) => format!("{} = {default}  by default", explained.key),
            None => format!("{} is not set, and nothing stands for it", explained.key),
        };
        written(writeln!(host.output, "{}", visible(line)))?;
    }
    Ok(SUCCESS)
}

fn explain_all(common: &Common, host: &mut Host<'_>) -> Outcome {
    let loaded = loaded(common, host)?;
    let mut all = loaded.explain_all();
    all.retain(|one| !one.settings.is_empty());
    if common.json {
        return write_all(&loaded, all, host);
    }
    if all.is_empty() {
        written(writeln!(host.messages, "no file sets anything; `config list` shows the keys"))?;
    }
    all.iter().try_for_each(|one| show_settings(one, host).map(drop))?;
    Ok(SUCCESS)
}

fn list(common: &Common, host: &mut Host<'_>) -> Outcome {
    let loaded = loaded(common, host)?;
    let all = loaded.explain_all();
    if common.json {
        return write_all(&loaded, all, host);
    }
    let mut rows = vec![["key", "value", "takes", "sets"].map(str::to_owned).to_vec()];
    rows.extend(all.into_iter().map(|one| {
        let (takes, about) = one.about.map(|about| (about.takes, about.about)).unwrap_or_default();
        let about = about.split_once(". ").map_or(about.clone(), |(first, _)| first.to_owned());
        let value = one.value.map_or("–".to_owned(), |value| value.to_string());
        vec![one.key, value, takes, about.trim_end_matches('.').to_owned()]
    }));
    table::show(host, &rows, &[])?;
    Ok(SUCCESS)
}

fn write_all(loaded: &LoadedConfig, all: Vec<Explained>, host: &mut Host<'_>) -> Outcome {
    let files = loaded.files.iter().map(|path| path.display().to_string()).collect();
    let keys = all.into_iter().map(ConfigValueOutput::from).collect();
    json::write(host, &ConfigListOutput { files, keys })?;
    Ok(SUCCESS)
}

/// What an empty file begins with in the editor.
const BEGINNING: &str = "{\n}\n";

/// Opens the file's text in the editor; whether it is another one then.
fn edit(file: &ConfigFile, common: &Common, host: &mut Host<'_>) -> Outcome<bool> {
    let before = file.text()?;
    let shown = if before.is_empty() { BEGINNING } else { &before };
    let mut draft = edit_text(shown, file.path(), host)?;
    let text = draft.text()?;
    if text == shown {
        draft.discard();
        return Ok(false);
    }
    match file.write(&text) {
        Ok(()) => {
            draft.discard();
            // What is valid alone may not go with the other file.
            loaded(common, host)?;
            Ok(true)
        }
        Err(error) => {
            let kept = visible(draft.keep().display());
            written(writeln!(
                host.messages,
                "the file is as it was; what was written is kept in {kept}"
            ))?;
            Err(error.into())
        }
    }
}
