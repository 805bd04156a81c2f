//! What is decided about a line for the shell.

use super::permissions::{Permissions, by_mode, ruled};
use super::reader::{is_harmless, only_reads};
use super::ruling::{Answer, DecidedBy, Grant, Ruling};
use super::shell::SimpleCommand;
use super::wrapper::commands;
use crate::session::Mode;

impl Permissions {
    /// A line for the shell.
    pub(super) fn line(&self, mode: Mode, tool: &str, line: &str) -> Ruling {
        let found = match commands(line) {
            Ok(found) => found,
            Err(unsure) => return self.unsure(mode, line, unsure.0),
        };
        let mut ruling: Option<Ruling> = None;
        let mut has_moved = false;
        for command in &found {
            let one = self.command(mode, tool, command, has_moved);
            ruling = Some(match ruling {
                Some(before) => before.and(one),
                None => one,
            });
            has_moved |= command
                .words
                .first()
                .is_some_and(|word| word == "cd" || word == "pushd" || word == "popd");
        }
        let ruling = ruling.unwrap_or_else(|| by_mode(Answer::Ask, mode));
        let whole = |grant: &Grant| matches!(grant, Grant::Line { line: own } if own == line);
        match ruling.answer {
            Answer::Ask if !matches!(ruling.by, DecidedBy::Rule { .. }) => {
                self.granted(whole).unwrap_or(ruling)
            }
            Answer::Allow if !self.is_confined => self.granted(whole).unwrap_or_else(|| {
                Ruling::new(Answer::Ask, "commands are not confined here", DecidedBy::Unconfined)
            }),
            _ => ruling,
        }
    }

    /// A line that cannot be read for sure.
    fn unsure(&self, mode: Mode, line: &str, why: &'static str) -> Ruling {
        if mode == Mode::ReadOnly {
            return by_mode(Answer::Deny, mode);
        }
        let granted =
            self.granted(|grant| matches!(grant, Grant::Line { line: own } if own == line));
        if let Some(ruling) = granted {
            return ruling;
        }
        // What may be refused is not looked through in vain.
        let has_rules = self
            .rules
            .iter()
            .any(|rule| rule.answer > Answer::Allow && (rule.has_path() || !rule.words.is_empty()));
        if mode == Mode::Full && self.is_confined && !has_rules {
            return by_mode(Answer::Allow, mode);
        }
        Ruling::new(Answer::Ask, format!("it is not sure what it runs: {why}"), DecidedBy::Unsure)
    }

    /// One command of a line, with the files that it is sent to.
    pub(super) fn command(
        &self,
        mode: Mode,
        tool: &str,
        command: &SimpleCommand,
        has_moved: bool,
    ) -> Ruling {
        let mut ruling = self.words(mode, tool, command, has_moved);
        for redirect in &command.redirects {
            if is_device(&redirect.path) {
                continue;
            }
            if has_moved {
                let why = format!("it is not sure which file {} is", redirect.path);
                ruling = ruling.and(Ruling::new(Answer::Ask, why, DecidedBy::Unsure));
            }
            ruling = ruling.and(self.file(mode, tool, &redirect.path, redirect.writes));
        }
        ruling
    }

    fn words(&self, mode: Mode, tool: &str, command: &SimpleCommand, has_moved: bool) -> Ruling {
        let fitting = |answer| {
            self.rules
                .iter()
                .find(|rule| rule.answer == answer && rule.is_of_command(tool, command))
        };
        if let Some(rule) = fitting(Answer::Deny) {
            return ruled(rule);
        }
        let is_plain =
            command.assignments.iter().all(|(name, _)| is_harmless(name)) && !command.is_open;
        let sets_nothing = command.words.is_empty() && is_plain;
        let reads = only_reads(command) || sets_nothing;
        if mode == Mode::ReadOnly && !reads {
            return by_mode(Answer::Deny, mode);
        }
        let named = if reads { self.operands(tool, command, has_moved) } else { None };
        if let Some(ruling) = named {
            return ruling;
        }
        let grants = |grant: &Grant| match grant {
            Grant::Prefix { words } => is_plain && command.words.starts_with(words),
            _ => false,
        };
        if let Some(rule) = fitting(Answer::Ask) {
            // Who has said yes to exactly what is asked for is not asked again.
            let exact = |grant: &Grant| {
                grants(grant)
                    && matches!(grant, Grant::Prefix { words } if words.starts_with(&rule.words))
            };
            return self.granted(exact).unwrap_or_else(|| ruled(rule));
        }
        if let Some(rule) = fitting(Answer::Allow).filter(|_| is_plain) {
            return ruled(rule);
        }
        if let Some(ruling) = self.granted(grants) {
            return ruling;
        }
        if reads {
            return Ruling::new(Answer::Allow, "it only reads", DecidedBy::OnlyReads);
        }
        by_mode(if mode == Mode::Full { Answer::Allow } else { Answer::Ask }, mode)
    }

    /// A rule about a file that a reading command names. Folders that it goes
    /// through by itself are not looked at.
    fn operands(&self, tool: &str, command: &SimpleCommand, has_moved: bool) -> Option<Ruling> {
        let strict =
            || self.rules.iter().filter(|rule| rule.answer > Answer::Allow && rule.has_path());
        if has_moved && strict().next().is_some() {
            let why = "it is not sure which files it reads";
            return Some(Ruling::new(Answer::Ask, why, DecidedBy::Unsure));
        }
        let parts = command.words.iter().skip(1).flat_map(|word| {
            let value = word.split_once('=').map(|(_, value)| value);
            [Some(word.as_str()), value]
        });
        let named = parts.flatten().map(|path| path.trim_start_matches("./"));
        named
            .filter_map(|path| strict().find(|rule| rule.is_of_path(tool, path)))
            .map(ruled)
            .max_by_key(|ruling| ruling.answer)
    }
}

/// Files that a line may be sent to without anything being written.
fn is_device(path: &str) -> bool {
    ["/dev/null", "/dev/stdout", "/dev/stderr"].contains(&path)
}
