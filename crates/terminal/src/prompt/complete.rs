//! What can be typed here.

use reedline::{CompletionResult, Span, Suggestion};

use crate::fuzzy::fuzzy_match;

/// A longer list is no help; typing on makes it shorter.
const MOST_SHOWN: usize = 50;

/// Where the cursor stands, and so what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completions<'a> {
    /// The name of a slash command, without its slash.
    Command(&'a str),
    /// What stands after a command's name.
    Argument {
        /// The command, without its slash.
        command: &'a str,
        /// The argument so far.
        text: &'a str,
    },
    /// A path or a symbol after `@`.
    Mention(&'a str),
}

/// Something that can be typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// What is inserted, without the `/` or `@` before it.
    pub text: String,
    /// What there is to say about it, in a few words.
    pub detail: Option<String>,
    /// Whether a space follows.
    pub space: bool,
}

/// Knows what can be typed.
pub trait Completer: Send {
    /// Everything that could stand there. What does not fit the letters typed
    /// so far is left out by the caller, and the rest is put in order, so a
    /// completer may give all it has.
    fn candidates(&mut self, wanted: Completions<'_>) -> Vec<Completion>;
}

/// What a line up to the cursor asks for, and where that begins.
pub(super) fn wanted(line: &str) -> Option<(Completions<'_>, usize)> {
    let word = line.rfind([' ', '\n', '\t']).map_or(0, |space| space + 1);
    if let Some(mention) = line[word..].strip_prefix('@') {
        return Some((Completions::Mention(mention), word + 1));
    }
    let command = line.strip_prefix('/')?;
    match command.split_once(' ') {
        None if word == 0 => Some((Completions::Command(command), 1)),
        Some((command, rest)) if !rest.contains('\n') => {
            let text = rest.trim_start();
            Some((Completions::Argument { command, text }, line.len() - text.len()))
        }
        _ => None,
    }
}

/// The candidates that fit, the best first, each with the letters that do.
pub(super) fn ranked(text: &str, candidates: Vec<Completion>) -> Vec<(Completion, Vec<usize>)> {
    let mut found: Vec<(i32, usize, Completion, Vec<usize>)> = candidates
        .into_iter()
        .enumerate()
        .filter_map(|(order, candidate)| {
            let found = fuzzy_match(text, &candidate.text)?;
            Some((found.score, order, candidate, found.at))
        })
        .collect();
    found.sort_by_key(|(score, order, ..)| (-score, *order));
    found.truncate(MOST_SHOWN);
    found.into_iter().map(|(_, _, candidate, at)| (candidate, at)).collect()
}

/// A completer as the line editor wants it.
pub(super) struct Adapter(pub Box<dyn Completer>);

impl reedline::Completer for Adapter {
    fn complete(&mut self, line: &str, at: usize) -> CompletionResult {
        let before = line.get(..at).unwrap_or(line);
        let Some((wanted, from)) = wanted(before) else {
            return CompletionResult::fresh(Vec::new());
        };
        let text = before[from..].to_owned();
        let found = ranked(&text, self.0.candidates(wanted));
        let suggestions: Vec<Suggestion> = found
            .into_iter()
            .map(|(candidate, letters)| Suggestion {
                // The menu takes what it shows apart by characters.
                match_indices: Some(
                    letters.iter().map(|at| candidate.text[..*at].chars().count()).collect(),
                ),
                display_override: Some(crate::visible(&candidate.text).into_owned()),
                value: candidate.text,
                description: candidate.detail.map(|detail| crate::visible(&detail).into_owned()),
                span: Span::new(from, before.len()),
                append_whitespace: candidate.space,
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_wanted() {
        for (line, expect) in [
            ("/mo", Some((Completions::Command("mo"), 1))),
            ("/", Some((Completions::Command(""), 1))),
            ("/model qw", Some((Completions::Argument { command: "model", text: "qw" }, 7))),
            ("/model ", Some((Completions::Argument { command: "model", text: "" }, 7))),
            ("see @src/ma", Some((Completions::Mention("src/ma"), 5))),
            ("/files @src", Some((Completions::Mention("src"), 8))),
            ("a\n@b", Some((Completions::Mention("b"), 3))),
            ("what / is", None),
            ("mail a@b", None),
            ("", None),
        ] {
            assert_eq!(wanted(line), expect, "{line:?}");
        }
    }

    #[test]
    fn candidates_are_filtered_and_ordered() {
        let candidates = ["src/domain.rs", "src/main.rs", "README.md"]
            .map(|text| Completion { text: text.to_owned(), ..Completion::default() });
        let found: Vec<String> =
            ranked("main", candidates.to_vec()).into_iter().map(|(found, _)| found.text).collect();
        assert_eq!(found, ["src/main.rs", "src/domain.rs"]);
    }
}
