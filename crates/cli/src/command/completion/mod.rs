//! `mlx-code completions`, and what the shells ask behind it.

mod live;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::alias;
use crate::args::{Args, Completions, Shell};
use crate::exit::{Outcome, written};
use crate::exit_code::SUCCESS;
use crate::host::Host;
use crate::output::visible;
use live::Live;

/// More are no help in a shell.
const MOST_SHOWN: usize = 500;

/// Prints what a shell reads at its start.
pub fn script(args: &Completions, host: &mut Host<'_>) -> Outcome {
    let text = match args.shell {
        Shell::Bash => include_str!("mlx-code.bash"),
        Shell::Zsh => include_str!("mlx-code.zsh"),
        Shell::Fish => include_str!("mlx-code.fish"),
    };
    written(host.output.write_all(text.as_bytes()))?;
    Ok(SUCCESS)
}

/// Prints what the last of the words can become, a line each, with a tab before
/// what there is to say of it. Where nothing is printed, it may be a file.
pub fn complete(words: &[String], host: &mut Host<'_>) -> Outcome {
    let (typed, before) = match words.split_last() {
        Some((last, before)) => (last.as_str(), before),
        None => ("", &[][..]),
    };
    let before = without_aliases(before, host);
    for (value, about) in candidates(&before, typed, host).into_iter().take(MOST_SHOWN) {
        // A value with a line end or a tab cannot be told.
        if value.contains(['\n', '\t']) {
            continue;
        }
        let about = about.split(['\n', '\t']).next().unwrap_or_default();
        written(writeln!(host.output, "{}\t{}", visible(value), visible(about)))?;
    }
    Ok(SUCCESS)
}

fn without_aliases(words: &[String], host: &Host<'_>) -> Vec<String> {
    let program = std::iter::once(OsString::from("mlx-code"));
    let all = program.chain(words.iter().map(OsString::from)).collect();
    // An alias that is wrong is told where it is used.
    let Ok(expanded) = alias::expanded(all, host) else { return words.to_vec() };
    expanded.into_iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

type Candidates = Vec<(String, String)>;

/// Where a line stands, after the words before the last.
struct Place<'c> {
    /// The verb, and the verbs above it.
    command: &'c Command,
    path: Vec<&'c str>,
    /// The option whose value comes next.
    option: Option<&'c Arg>,
    /// How many arguments without a name stand there.
    arguments: Vec<String>,
    /// After `--`, nothing is an option.
    is_plain: bool,
    root: Option<String>,
}

fn candidates(before: &[String], typed: &str, host: &mut Host<'_>) -> Candidates {
    let mut command = Args::command();
    command.build();
    let place = Place::find(&command, before);
    let mut live = Live::new(host, place.root.as_deref());
    let mut found = if let Some(option) = place.option {
        values(option, &place, &mut live)
    } else if let Some((name, _)) = typed.split_once('=').filter(|_| typed.starts_with("--")) {
        let option = place.long(&name[2..]);
        let values = option.map(|option| values(option, &place, &mut live)).unwrap_or_default();
        values.into_iter().map(|(value, about)| (format!("{name}={value}"), about)).collect()
    } else if typed.starts_with('-') && !place.is_plain {
        place.options()
    } else {
        let mut found = place.verbs(&mut live);
        if let Some(argument) = place.argument() {
            found.extend(values(argument, &place, &mut live));
        }
        found
    };
    found.retain(|(value, _)| value.starts_with(typed));
    found
}

impl<'c> Place<'c> {
    fn find(command: &'c Command, words: &[String]) -> Self {
        let (path, arguments) = (Vec::new(), Vec::new());
        let mut place =
            Self { command, path, option: None, arguments, is_plain: false, root: None };
        for word in words {
            place.take(word);
        }
        place
    }

    fn take(&mut self, word: &str) {
        if let Some(option) = self.option.take() {
            if option.get_id() == "root" {
                self.root = Some(word.to_owned());
            }
        } else if self.is_plain {
            self.arguments.push(word.to_owned());
        } else if word == "--" {
            self.is_plain = true;
        } else if let Some(long) = word.strip_prefix("--") {
            self.option = self.long(long).filter(|option| takes_value(option));
        } else if let Some(shorts) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            let last = shorts.chars().next_back();
            let options = self.command.get_arguments();
            self.option =
                options.filter(|option| takes_value(option)).find(|one| one.get_short() == last);
        } else if let Some(verb) =
            self.command.find_subcommand(word).filter(|_| self.arguments.is_empty())
        {
            self.command = verb;
            self.path.push(verb.get_name());
        } else {
            self.arguments.push(word.to_owned());
        }
    }

    fn long(&self, name: &str) -> Option<&'c Arg> {
        self.command.get_arguments().find(|option| option.get_long() == Some(name))
    }

    fn options(&self) -> Candidates {
        let shown = self.command.get_arguments().filter(|option| !option.is_hide_set());
        shown
            .filter_map(|option| {
                let about = option.get_help().map(ToString::to_string).unwrap_or_default();
                Some((format!("--{}", option.get_long()?), about))
            })
            .collect()
    }

    fn verbs(&self, live: &mut Live<'_, '_>) -> Candidates {
        if !self.arguments.is_empty() {
            return Vec::new();
        }
        let shown = self.command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let about = |verb: &Command| verb.get_about().map(ToString::to_string).unwrap_or_default();
        let mut found: Candidates =
            shown.map(|verb| (verb.get_name().to_owned(), about(verb))).collect();
        if self.path.is_empty() {
            let aliases = live.aliases().into_iter();
            found.extend(aliases.filter(|(name, _)| self.command.find_subcommand(name).is_none()));
        }
        found
    }

    /// The argument without a name that comes next.
    fn argument(&self) -> Option<&'c Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = all.last().copied();
        let next = all.get(self.arguments.len()).copied();
        next.or_else(|| last.filter(|last| matches!(last.get_action(), ArgAction::Append)))
    }
}

fn takes_value(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

/// What an argument can be: one of its words, or what there is.
fn values(argument: &Arg, place: &Place<'_>, live: &mut Live<'_, '_>) -> Candidates {
    let words = argument.get_possible_values();
    if !words.is_empty() {
        let shown = words.iter().filter(|word| !word.is_hide_set());
        return shown
            .map(|word| {
                let about = word.get_help().map(ToString::to_string).unwrap_or_default();
                (word.get_name().to_owned(), about)
            })
            .collect();
    }
    live.values(&place.path, argument.get_id().as_str(), &place.arguments)
}
