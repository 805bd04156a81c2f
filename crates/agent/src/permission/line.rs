//! What is decided about a line for the shell.

use super::named::{Named, NamedBy, is_elsewhere, named};
use super::permissions::{Permissions, by_mode, outside, ruled};
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
        let named = if reads { named(command) } else { Vec::new() };
        if reads && let Some(ruling) = self.operands(tool, command, &named, has_moved) {
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
            let reads = || Ruling::new(Answer::Allow, "it only reads", DecidedBy::OnlyReads);
            return self.reads_outside(&named).unwrap_or_else(reads);
        }
        by_mode(if mode == Mode::Full { Answer::Allow } else { Answer::Ask }, mode)
    }

    /// A rule about a file that a reading command names. Folders that it goes
    /// through by itself are not looked at. Where there are such rules, files
    /// that nobody can name are asked for.
    fn operands(
        &self,
        tool: &str,
        command: &SimpleCommand,
        named: &[Named<'_>],
        has_moved: bool,
    ) -> Option<Ruling> {
        let strict =
            || self.rules.iter().filter(|rule| rule.answer > Answer::Allow && rule.has_path());
        strict().next()?;
        let mut is_unsure = has_moved || is_elsewhere(command);
        let mut found: Option<Ruling> = None;
        for one in named {
            let names = match one.what {
                NamedBy::Guess => self.spelled(one.path),
                NamedBy::Word | NamedBy::Pattern => self.names(one.path),
            };
            is_unsure |= match one.what {
                NamedBy::Guess => false,
                NamedBy::Pattern => true,
                NamedBy::Word => !names.is_inside && !is_device(one.path),
            };
            let rules = strict().filter(|rule| rule.is_of_path(tool, &names)).map(ruled);
            found = rules.chain(found).reduce(Ruling::and);
        }
        let why = "it is not sure which files it reads";
        found.or_else(|| is_unsure.then(|| Ruling::new(Answer::Ask, why, DecidedBy::Unsure)))
    }

    /// What a reading command names that lies outside of the root.
    fn reads_outside(&self, named: &[Named<'_>]) -> Option<Ruling> {
        let is_outside = |one: &&Named<'_>| match one.what {
            NamedBy::Guess => false,
            NamedBy::Pattern => may_lead_up(one.path) || !self.spelled(one.path).is_inside,
            NamedBy::Word => !is_device(one.path) && !self.names(one.path).is_inside,
        };
        named.iter().find(is_outside).map(|one| outside(one.path))
    }
}

/// Whether the shell may find `..` by a pattern.
fn may_lead_up(pattern: &str) -> bool {
    pattern.split('/').any(|part| part.starts_with('.') && part.contains(['*', '?', '[']))
}

/// Files that a line may be sent to, or read, without anything coming of it.
fn is_device(path: &str) -> bool {
    ["/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(&path)
}
