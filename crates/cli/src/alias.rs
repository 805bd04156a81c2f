//! Other words for verbs with their arguments, as the user's file has them.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{ArgAction, Command, CommandFactory};
use mlxcode_core::{ConfigError, LoadedConfig};

use crate::args::Args;
use crate::exit::Outcome;
use crate::host::Host;
use crate::words::words;

/// The arguments with an alias in the place of a verb as what it stands for. A
/// real verb goes before an alias, and only then is the configuration read.
pub fn expanded(args: Vec<OsString>, host: &Host<'_>) -> Outcome<Vec<OsString>> {
    let command = Args::command();
    let is_verb = |word: &str| verb(&command, word);
    match verb_place(&command, &args) {
        Some(place) if args[place].to_str().is_some_and(|word| !is_verb(word)) => {}
        _ => return Ok(args),
    }
    let Some(dirs) = &host.dirs else { return Ok(args) };
    let loaded = LoadedConfig::read(dirs, None)?;
    Ok(resolve(args, &loaded.config.aliases, &command)?)
}

/// Puts what aliases stand for in their places, each at most once.
fn resolve(
    mut args: Vec<OsString>,
    aliases: &BTreeMap<String, String>,
    command: &Command,
) -> Result<Vec<OsString>, ConfigError> {
    let mut names: Vec<String> = Vec::new();
    while let Some(place) = verb_place(command, &args) {
        let Some(word) = args[place].to_str().map(str::to_owned) else { break };
        let Some(text) = aliases.get(&word).filter(|_| !verb(command, &word)) else { break };
        let is_again = names.contains(&word);
        names.push(word.clone());
        if is_again {
            return Err(ConfigError::AliasRing { names });
        }
        let stands_for = words(text).ok_or(ConfigError::AliasQuote { name: word })?;
        args.splice(place..=place, stands_for.into_iter().map(OsString::from));
    }
    Ok(args)
}

fn verb(command: &Command, word: &str) -> bool {
    word == "help" || command.find_subcommand(word).is_some()
}

/// Where the verb stands: the first word that is no option and belongs to none.
fn verb_place(command: &Command, args: &[OsString]) -> Option<usize> {
    let takes_value = |option: &str| {
        let found = command.get_arguments().find(|arg| {
            option.strip_prefix("--").is_some_and(|long| arg.get_long() == Some(long))
                || option.strip_prefix('-').is_some_and(|short| {
                    let mut letters = short.chars();
                    arg.get_short() == letters.next() && letters.next().is_none()
                })
        });
        found.is_some_and(|arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append))
    };
    let mut place = 1;
    while place < args.len() {
        match args[place].to_str() {
            Some("--") | None => return None,
            Some(option) if option.starts_with('-') => {
                place += if takes_value(option) { 2 } else { 1 };
            }
            Some(_) => return Some(place),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(typed: &str, aliases: &[(&str, &str)]) -> Result<String, ConfigError> {
        let args = words(&format!("mlx-code {typed}")).unwrap().into_iter().map(Into::into);
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let aliases = aliases.iter().map(owned).collect();
        let resolved = resolve(args.collect(), &aliases, &Args::command())?;
        let words: Vec<String> =
            resolved.into_iter().skip(1).map(|word| word.into_string().unwrap()).collect();
        Ok(words.join("|"))
    }

    #[test]
    fn an_alias_stands_for_words() {
        let aliases = [
            ("c", "commit --apply"),
            ("cc", "c --conventional 'a b'"),
            ("big", "--model large ask"),
            ("ask", "edit"),
            ("a", "b"),
            ("b", "--json a"),
            ("open", "commit 'x"),
        ];
        for (typed, expect) in [
            ("c", "commit|--apply"),
            ("--json --root c c why", "--json|--root|c|commit|--apply|why"),
            ("--root=x -p y c", "--root=x|-p|y|commit|--apply"),
            ("cc", "commit|--apply|--conventional|a b"),
            ("big why?", "--model|large|ask|why?"),
            // A real verb is what it is.
            ("ask c", "ask|c"),
            ("nothing", "nothing"),
            ("-- c", "--|c"),
            ("", ""),
        ] {
            assert_eq!(run(typed, &aliases).unwrap(), expect, "{typed}");
        }
        let error = run("a", &aliases).unwrap_err();
        assert_eq!(error.to_string(), "the aliases a, b, a stand for each other");
        assert!(matches!(run("open", &aliases), Err(ConfigError::AliasQuote { .. })));
    }
}
