//! An explanation of a piece of code or of an error.

use minijinja::context;
use mlxcode_base::{LineRange, RelPath, Root};
use mlxcode_context::{Budget, PackRequest, PackedContext};

use super::answer::Asker;
use super::error::{TaskError, TaskResult};
use super::text::read_text;
use crate::prompts::Prompts;
use crate::session::Ground;

/// A page or so.
const ANSWER_TOKENS: usize = 1_024;

/// What is searched for around the piece itself.
const SEARCH_TOKENS: usize = 3_072;

/// Lines around a place that an error names.
const AROUND_LINES: usize = 15;

/// Places of one error that are shown: of a long trace, the last ones.
const MOST_PLACES: usize = 6;

/// A longer file is explained by a range of it.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// A log of megabytes is no error text; its end tells most.
const MOST_ERROR_BYTES: usize = 16 << 10;

/// What is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExplainTarget {
    /// A symbol by its name, such as `Port.open`.
    Symbol(String),
    /// A file, or some lines of it.
    File {
        /// The file.
        path: RelPath,
        /// The lines; `None` is all of it.
        lines: Option<LineRange>,
    },
    /// What a compiler, a test or a program said.
    Error(String),
}

/// An explanation, and what it rests on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The text.
    pub text: String,
    /// What the model was shown beside the piece itself.
    pub context: PackedContext,
}

/// Explains; `heard` gets the text as it comes.
pub fn explain(
    target: &ExplainTarget,
    ground: &dyn Ground,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    heard: &mut dyn FnMut(&str),
) -> TaskResult<Explanation> {
    let root = ground.root();
    let (kind, name, piece, question) = match target {
        ExplainTarget::Symbol(name) => ("symbol", name.clone(), String::new(), format!("`{name}`")),
        ExplainTarget::File { path, lines } => {
            let (name, piece) = file_piece(root, path, *lines)?;
            // Its own words find what it uses.
            let question = format!("{path} {}", names_in(&piece));
            ("file", name, piece, question)
        }
        ExplainTarget::Error(text) => {
            let text = end_of(text.trim(), MOST_ERROR_BYTES);
            if text.is_empty() {
                let what = "the error's text is empty".to_owned();
                return Err(TaskError::Nothing { verb: "explain", what });
            }
            ("error", String::new(), error_piece(root, text), text.to_owned())
        }
    };
    let render = |piece: &str, passages: &str| {
        prompts.render(
            "explain",
            context! { kind, name => name.clone(), piece => piece, passages => passages },
        )
    };
    let room = asker.room(&render("", "")?, ANSWER_TOKENS)?;
    let piece_tokens = asker.count(&piece)?;
    let Some(left) = room.checked_sub(piece_tokens) else {
        let needed_tokens = piece_tokens;
        return Err(TaskError::NoRoom { needed_tokens, context_length: room });
    };
    let model = asker.model();
    let counter = |text: &str| model.count_text(text).unwrap_or(usize::MAX);
    let budget = Budget { tokens: left, search_tokens: SEARCH_TOKENS.min(left), counter: &counter };
    let mut request = PackRequest::new(&question);
    request.with_map = false;
    request.cancel = asker.cancel().clone();
    let context = ground.pack(&request, &budget)?;
    if kind == "symbol" && context.passages().next().is_none() {
        return Err(TaskError::Unknown { what: "symbol", name, choices: Vec::new() });
    }
    let prompt = render(&piece, &context.render())?;
    asker.tell("explaining");
    let text = asker.ask_aloud(prompt, ANSWER_TOKENS, heard)?;
    if text.is_empty() {
        return Err(TaskError::NoAnswer { what: "explanation" });
    }
    Ok(Explanation { text, context })
}

fn file_piece(
    root: &Root,
    path: &RelPath,
    lines: Option<LineRange>,
) -> TaskResult<(String, String)> {
    let text = read_text(&root.resolve(path)?, MOST_FILE_BYTES)?;
    let range = lines.unwrap_or(LineRange::new(1, usize::MAX));
    let piece = numbered(&text, range);
    if piece.is_empty() {
        let what = format!("{path} has no lines {range}");
        return Err(TaskError::Nothing { verb: "explain", what });
    }
    let name = lines.map_or_else(|| path.to_string(), |lines| format!("{path}:{lines}"));
    Ok((name, format!("{path}\n{piece}")))
}

fn numbered(text: &str, range: LineRange) -> String {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let inside = lines.filter(|(number, _)| (range.first..=range.last).contains(number));
    inside.map(|(number, line)| format!("{number:>5}  {line}\n")).collect()
}

/// The error, and the lines around each place of this tree that it names.
fn error_piece(root: &Root, text: &str) -> String {
    let mut piece = format!("{text}\n");
    let mut places: Vec<(RelPath, usize)> = Vec::new();
    for (path, line) in places_in(text) {
        let Some(path) = known(root, &path) else { continue };
        if !places.iter().any(|(other, at)| *other == path && at.abs_diff(line) < AROUND_LINES) {
            places.push((path, line));
        }
    }
    let first = places.len().saturating_sub(MOST_PLACES);
    for (path, line) in &places[first..] {
        let Ok(place) = root.resolve(path) else { continue };
        let Ok(text) = read_text(&place, MOST_FILE_BYTES) else { continue };
        let range = LineRange::new(line.saturating_sub(AROUND_LINES), line + AROUND_LINES);
        piece.push_str(&format!("\n{path}\n{}", numbered(&text, range)));
    }
    piece
}

/// The files of this tree that a text names with a line, in its order.
pub(crate) fn files_named(root: &Root, text: &str) -> Vec<RelPath> {
    let mut files = Vec::new();
    for (path, _) in places_in(text) {
        if let Some(path) = known(root, &path)
            && !files.contains(&path)
        {
            files.push(path);
        }
    }
    files
}

/// Paths with lines as compilers and interpreters write them: `a.rs:12:5`,
/// `File "a.py", line 12`, `a.cs(12,5)`.
fn places_in(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some((_, rest)) = line.split_once("File \"")
            && let Some((path, rest)) = rest.split_once("\", line ")
            && let Some(number) = leading_number(rest)
        {
            found.push((path.to_owned(), number));
            continue;
        }
        for word in line.split(|c: char| c.is_whitespace() || "\"'`,[]<>".contains(c)) {
            let word = word.trim_start_matches('(');
            let cut = word.find(':').filter(|at| *at > 1).or_else(|| word.find('('));
            let Some(cut) = cut else { continue };
            if word[..cut].contains('.')
                && let Some(number) = leading_number(&word[cut + 1..])
            {
                found.push((word[..cut].to_owned(), number));
            }
        }
    }
    found
}

fn leading_number(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number| *number > 0)
}

/// The path below the root, where it is one of a file there.
fn known(root: &Root, path: &str) -> Option<RelPath> {
    let below = std::path::Path::new(path).strip_prefix(root.path()).ok();
    let plain = below.and_then(std::path::Path::to_str).unwrap_or(path);
    let path = RelPath::new(plain.trim_start_matches("./")).ok()?;
    root.resolve(&path).ok().filter(|place| place.is_file()).map(|_| path)
}

/// The names that a piece uses most, to search by.
fn names_in(piece: &str) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for word in piece.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if word.len() > 4 && word.contains(|c: char| c.is_uppercase() || c == '_') {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().take(12).map(|(word, _)| word).collect::<Vec<_>>().join(" ")
}

fn end_of(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_what_programs_say() {
        let check = |text: &str, expect: &[(&str, usize)]| {
            let found = places_in(text);
            let told: Vec<_> = found.iter().map(|(path, line)| (path.as_str(), *line)).collect();
            assert_eq!(told, expect, "{text}");
        };
        check("  --> src/a.rs:12:5", &[("src/a.rs", 12)]);
        check("  File \"/x/a b.py\", line 3, in f", &[("/x/a b.py", 3)]);
        check("    at f (/x/a.js:10:3)", &[("/x/a.js", 10)]);
        check("a.cs(12,5): error CS1002", &[("a.cs", 12)]);
        check("thread 'main' panicked at src/b.rs:7:1:", &[("src/b.rs", 7)]);
        check("https://example.org/x at 10:30", &[]);
        check("version 1.2: x", &[]);
    }
}
