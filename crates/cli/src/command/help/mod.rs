//! `mlx-code help`: verbs, topics and aliases, and what there is to say of each.

pub mod topics;

use std::collections::BTreeMap;

use clap::{Command, CommandFactory};
use mlxcode_core::{InputError, LoadedConfig, nearest};
use mlxcode_terminal::{Renderer, RendererOptions, Screen};

use crate::args::{Args, Help};
use crate::command::Common;
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::look;
use crate::output::json::{self, TopicOutput, TopicsOutput};
use crate::output::{Style, visible};
use topics::{TOPICS, Topic};

/// How many names that are written alike an error tells.
const MOST_NEAR: usize = 2;

/// Runs the verb.
pub fn run(args: &Help, common: &Common, host: &mut Host<'_>) -> Outcome {
    let topic = match args.topic.as_slice() {
        [] => return all(common, host),
        [name] => TOPICS.iter().find(|topic| topic.name == name.to_lowercase()),
        _ => None,
    };
    if let Some(topic) = topic {
        return page(topic, common, host);
    }
    let mut command = Args::command();
    command.build();
    let mut verb = &mut command;
    for word in &args.topic {
        let Some(inner) = verb.find_subcommand_mut(word).filter(|inner| !inner.is_hide_set())
        else {
            return Err(unknown(&args.topic.join(" ")).into());
        };
        verb = inner;
    }
    show(&verb.render_long_help(), host)?;
    Ok(SUCCESS)
}

fn unknown(name: &str) -> InputError {
    let command = Args::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let names = verbs.map(Command::get_name).chain(TOPICS.iter().map(|topic| topic.name));
    let near = nearest(name, names.map(str::to_owned), MOST_NEAR);
    InputError::NoTopic { name: name.to_owned(), near }
}

fn show(text: &clap::builder::StyledStr, host: &mut Host<'_>) -> Outcome<()> {
    let text = if host.color { text.ansi().to_string() } else { text.to_string() };
    written(host.output.write_all(text.as_bytes()))
}

/// The verbs, the topics, the aliases.
fn all(common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut command = Args::command();
    command.build();
    // Help is there also where the configuration is wrong.
    let loaded = host.dirs.as_ref().and_then(|dirs| LoadedConfig::read(dirs, None).ok());
    let aliases = loaded.map(|loaded| loaded.config.aliases).unwrap_or_default();
    if common.json {
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let about = |verb: &Command| verb.get_about().map(ToString::to_string).unwrap_or_default();
        let verbs: BTreeMap<String, String> =
            verbs.map(|verb| (verb.get_name().to_owned(), about(verb))).collect();
        let topics = TOPICS.iter().map(|topic| (topic.name.to_owned(), topic.about.to_owned()));
        json::write(host, &TopicsOutput { verbs, topics: topics.collect(), aliases })?;
        return Ok(SUCCESS);
    }
    show(&command.render_long_help(), host)?;
    let style = Style::for_output(host);
    written(writeln!(host.output, "\n{}", style.strong("Topics, for `mlx-code help TOPIC`:")))?;
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or(0);
    for Topic { name, about, .. } in TOPICS {
        written(writeln!(host.output, "  {name:width$}  {about}"))?;
    }
    if aliases.is_empty() {
        return Ok(SUCCESS);
    }
    written(writeln!(host.output, "\n{}", style.strong("Aliases of yours:")))?;
    let width = aliases.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, text) in &aliases {
        let is_verb = command.find_subcommand(name).is_some();
        let note = if is_verb { " (not used: a verb has this name)" } else { "" };
        let line = format!("  {name:width$}  {text}{note}");
        written(writeln!(host.output, "{}", visible(line)))?;
    }
    Ok(SUCCESS)
}

/// What there is to say of a topic.
fn page(topic: &Topic, common: &Common, host: &mut Host<'_>) -> Outcome {
    let text = topic.text();
    if common.json {
        json::write(host, &TopicOutput { topic: topic.name.to_owned(), text })?;
        return Ok(SUCCESS);
    }
    let screen = screen(host);
    let mut renderer = Renderer::new(screen, RendererOptions::default());
    let shown = renderer.push(&text) + &renderer.finish();
    written(writeln!(host.output, "{}", shown.trim_end()))?;
    let is_verb = Args::command().find_subcommand(topic.name).is_some();
    if is_verb {
        let line = format!("`mlx-code {} --help` shows the arguments.", topic.name);
        let line = Style::for_output(host).dim(line);
        written(writeln!(host.output, "\n{line}"))?;
    }
    Ok(SUCCESS)
}

/// What the output can show: no cursor moves in what is printed.
fn screen(host: &Host<'_>) -> Screen {
    if !host.output_is_shown {
        return Screen::pipe();
    }
    let capabilities = host.terminal.capabilities();
    let theme = host.theme.clone();
    let theme = theme.or_else(|| look::theme(None, &mlxcode_core::Config::default(), host).ok());
    let usual =
        || mlxcode_terminal::Theme::new(&mlxcode_terminal::ThemeChoice::Auto, &capabilities);
    Screen::new(capabilities, theme.unwrap_or_else(usual), host.output_columns)
}
