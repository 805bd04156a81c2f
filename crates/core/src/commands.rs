//! Questions that are kept under a name: `/name arguments`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mlxcode_agent::plugin::{
    PluginCommand, PluginProblem, commands_in, with_arguments, with_words,
};

use crate::config::ConfigError;
use crate::dirs::Dirs;
use crate::error::Result;
use crate::plugins::plugins;
use crate::workspace::Workspace;

/// The folder of a project's commands, in the root.
pub const PROJECT_COMMANDS: &str = ".mlx-code/commands";

/// How many names that are written alike an error tells.
const MOST_NEAR: usize = 2;

/// Who named a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandOrigin {
    /// `commands` in a configuration file.
    Config,
    /// A file in the project's `.mlx-code/commands`.
    Project,
    /// A file in the user's folder of commands.
    User,
    /// A plugin that is enabled.
    Plugin(String),
}

impl std::fmt::Display for CommandOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config => f.write_str("configuration"),
            Self::Project => f.write_str("project"),
            Self::User => f.write_str("user"),
            Self::Plugin(name) => write!(f, "plugin {name}"),
        }
    }
}

/// A question with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedCommand {
    /// Its name.
    pub name: String,
    /// What it does, for a list.
    pub description: String,
    /// What its arguments are, for who types it.
    pub arguments: Option<String>,
    /// Who named it.
    pub origin: CommandOrigin,
    /// Its file; `None`: it stands in a configuration.
    pub path: Option<PathBuf>,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Text(String),
    File { command: PluginCommand, folder: PathBuf },
}

impl NamedCommand {
    /// The question with its arguments: `$ARGUMENTS` and `{{ arguments }}` are
    /// all of them, `$1` to `$9` single ones, as a shell would part them. Where
    /// it has no place for them they stand at the end.
    ///
    /// # Errors
    /// Where its file cannot be read any more.
    pub fn question(&self, arguments: &str) -> Result<String> {
        Ok(match &self.body {
            Body::Text(text) => with_arguments(text, arguments.trim()),
            Body::File { command, folder } => command.question(arguments, folder)?,
        })
    }

    /// As [`question`](Self::question), with arguments that are parted already,
    /// as those of a program are: `$1` is the first, whatever stands in it.
    ///
    /// # Errors
    /// Where its file cannot be read any more.
    pub fn question_of(&self, words: &[String]) -> Result<String> {
        Ok(match &self.body {
            Body::Text(text) => with_words(text, &words.join(" "), words),
            Body::File { command, folder } => command.question_of(words, folder)?,
        })
    }
}

/// The commands that can be called.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NamedCommands {
    /// They, by name.
    pub commands: Vec<NamedCommand>,
    /// Those that cannot be called by their name, because another one has it.
    pub hidden: Vec<NamedCommand>,
    /// What could not be read, and why.
    pub problems: Vec<PluginProblem>,
}

impl NamedCommands {
    /// The one with a name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find(&self, name: &str) -> Result<&NamedCommand> {
        let found = self.commands.iter().find(|command| command.name == name);
        let near = || {
            let names = self.commands.iter().map(|command| command.name.clone());
            mlxcode_base::nearest(name, names, MOST_NEAR)
        };
        Ok(found.ok_or_else(|| ConfigError::NoCommand { name: name.to_owned(), near: near() })?)
    }

    /// Hides those of these names, which somebody else has.
    pub fn reserve<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let is_taken = |command: &mut NamedCommand| names.contains(command.name.as_str());
        self.hidden.extend(self.commands.extract_if(.., is_taken));
    }
}

impl Dirs {
    /// The folder of the user's own commands.
    pub fn commands(&self) -> PathBuf {
        self.config.join("commands")
    }
}

impl Workspace {
    /// The commands of the configuration, of the project's folder, of the
    /// user's and of the plugins that are enabled. Of two with one name the
    /// first counts in this order; a plugin's is `PLUGIN:NAME` too.
    ///
    /// # Errors
    /// Where the file of what is enabled is damaged.
    pub fn commands(&self) -> Result<NamedCommands> {
        let mut found = NamedCommands::default();
        let mut all: Vec<NamedCommand> = Vec::new();
        for (name, command) in &self.config().commands {
            let first = command.prompt.trim().lines().next().unwrap_or_default();
            all.push(NamedCommand {
                name: name.clone(),
                description: command.description.clone().unwrap_or_else(|| first.to_owned()),
                arguments: None,
                origin: CommandOrigin::Config,
                path: None,
                body: Body::Text(command.prompt.clone()),
            });
        }
        let project = self.root().join(PROJECT_COMMANDS);
        for (folder, origin) in
            [(project, CommandOrigin::Project), (self.dirs.commands(), CommandOrigin::User)]
        {
            let (commands, problems) = commands_in(&folder);
            found.problems.extend(problems);
            all.extend(commands.into_iter().map(|one| of_file(one, origin.clone(), &folder)));
        }
        for plugin in plugins(&self.dirs, Some(self.root())).enabled()? {
            for command in plugin.commands {
                let origin = CommandOrigin::Plugin(plugin.name.clone());
                let short = of_file(command, origin, &plugin.root);
                let long = format!("{}:{}", plugin.name, short.name);
                all.push(NamedCommand { name: long, ..short.clone() });
                all.push(short);
            }
        }
        for command in all {
            if found.commands.iter().any(|known| known.name == command.name) {
                found.hidden.push(command);
            } else {
                found.commands.push(command);
            }
        }
        found.commands.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }
}

fn of_file(command: PluginCommand, origin: CommandOrigin, folder: &Path) -> NamedCommand {
    NamedCommand {
        name: command.name.clone(),
        description: command.description.clone(),
        arguments: command.argument_hint.clone(),
        origin,
        path: Some(command.path.clone()),
        body: Body::File { command, folder: folder.to_owned() },
    }
}
