//! Findings held against the lines that are really there.

use std::path::Path;

use mlxcode_base::Language;
use mlxcode_context::error_count;

use super::finding::{Finding, RawFinding, Severity, Suggestion};
use super::shown::ShownFile;

/// A model that counts lines is off by few; farther away it means another
/// place.
const REACH: usize = 3;

/// A finding of more lines is about a function, not about lines.
const MOST_LINES: usize = 60;

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It stands where it says.
    Here(Finding),
    /// It stands near, or where the line is that it quotes.
    Moved(Finding),
    /// It is about nothing that was shown.
    Dropped,
}

/// Finds the lines that a finding is about.
pub fn place(raw: RawFinding, files: &[ShownFile]) -> Placed {
    let Some(file) = file_of(&raw.path, files) else { return Placed::Dropped };
    let said = raw.line;
    let quoted = lines_of_quote(&raw.code, file, said);
    let line = match (said, quoted) {
        (Some(said), Some(quoted)) if quoted.contains(&said) => said,
        // What it copied is surer than what it counted.
        (_, Some(quoted)) => quoted[0],
        (Some(said), None) => match nearest(file, said) {
            Some(line) => line,
            None => return Placed::Dropped,
        },
        (None, None) => return Placed::Dropped,
    };
    let count = match (said, raw.last_line) {
        (Some(first), Some(last)) if last > first => (last - first).min(MOST_LINES),
        _ => 0,
    };
    let last_line =
        (line..=line + count).rev().find(|one| file.lines.contains_key(one)).unwrap_or(line);
    let suggestion = raw.fix.as_deref().and_then(|fix| suggestion(file, line, last_line, fix));
    let (title, explanation) = words(&raw);
    let finding = Finding {
        path: file.path.clone(),
        line,
        last_line,
        severity: raw.severity.unwrap_or(Severity::Warning),
        title,
        explanation,
        suggestion,
    };
    if said == Some(line) { Placed::Here(finding) } else { Placed::Moved(finding) }
}

/// A title of a line, and an explanation that does not repeat it.
fn words(raw: &RawFinding) -> (String, String) {
    let (title, explanation) = if raw.title.is_empty() {
        match raw.explanation.split_once(". ") {
            Some((first, rest)) => (first.to_owned(), rest.to_owned()),
            None => (raw.explanation.clone(), String::new()),
        }
    } else {
        (raw.title.clone(), raw.explanation.clone())
    };
    let title = title.trim().trim_end_matches('.').to_owned();
    let same = explanation.trim().trim_end_matches('.') == title;
    (title, if same { String::new() } else { explanation.trim().to_owned() })
}

/// The file of that path, or the only one that ends so; the only one there is
/// where none is named.
fn file_of<'f>(path: &str, files: &'f [ShownFile]) -> Option<&'f ShownFile> {
    let plain = path.trim().trim_start_matches("./");
    let plain = plain
        .strip_prefix("b/")
        .filter(|_| !files.iter().any(|file| file.path == plain))
        .unwrap_or(plain);
    if let Some(file) = files.iter().find(|file| file.path == plain) {
        return Some(file);
    }
    let mut fitting = files.iter().filter(|file| {
        plain.is_empty()
            || file.path.ends_with(&format!("/{plain}"))
            || plain.ends_with(&format!("/{}", file.path))
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Where the first line of what it quotes stands, nearest to what it said.
fn lines_of_quote(code: &str, file: &ShownFile, said: Option<usize>) -> Option<Vec<usize>> {
    let quote = code.lines().map(squeezed).find(|line| !line.is_empty())?;
    let quote = quote.trim_start_matches(['+', '|']).trim().to_owned();
    // A brace alone stands everywhere.
    if quote.chars().filter(|c| c.is_alphanumeric()).count() < 3 {
        return None;
    }
    let mut found: Vec<usize> = file
        .lines
        .iter()
        .filter(|(_, (text, _))| squeezed(text) == quote)
        .map(|(line, _)| *line)
        .collect();
    if found.is_empty() {
        found = file
            .lines
            .iter()
            .filter(|(_, (text, _))| quote.len() >= 12 && squeezed(text).contains(&quote))
            .map(|(line, _)| *line)
            .collect();
    }
    found.sort_by_key(|line| said.map_or(*line, |said| said.abs_diff(*line)));
    (!found.is_empty()).then_some(found)
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line itself where the change shows it; else the nearest that it brings.
fn nearest(file: &ShownFile, said: usize) -> Option<usize> {
    if file.lines.contains_key(&said) {
        return Some(said);
    }
    let near = file.lines.range(said.saturating_sub(REACH)..=said + REACH);
    near.min_by_key(|(line, (_, added))| (!added, line.abs_diff(said))).map(|(line, _)| *line)
}

/// The fix as lines that fit in place of these: indented as they are, not the
/// same, and no worse to parse. `None` where that is not sure.
fn suggestion(file: &ShownFile, first: usize, last: usize, fix: &str) -> Option<Suggestion> {
    let shown: Option<Vec<&str>> =
        (first..=last).map(|line| file.lines.get(&line).map(|(text, _)| text.as_str())).collect();
    let shown = shown?;
    let fix = fix.trim_matches('\n');
    // Words about a fix are none.
    if fix.trim().is_empty() || looks_like_prose(fix) {
        return None;
    }
    let before = shown.join("\n");
    let after = indented(fix, &before);
    if squeezed(&after) == squeezed(&before) {
        return None;
    }
    let text = file.text.as_ref()?;
    let lines: Vec<&str> = text.lines().collect();
    if lines.get(first - 1..last)? != shown.as_slice() {
        return None;
    }
    let changed =
        [&lines[..first - 1], &after.lines().collect::<Vec<_>>()[..], &lines[last..]].concat();
    let language = Language::from_path(Path::new(&file.path));
    let errors = |text: &str| error_count(language?, text);
    let whole = format!("{}\n", changed.join("\n"));
    if let (Some(was), Some(is)) = (errors(text), errors(&whole))
        && is > was
    {
        return None;
    }
    let fence = language.map_or("", Language::fence_name);
    let edit = format!(
        "{}\n```{fence}\n<<<<<<< SEARCH\n{before}\n=======\n{after}\n>>>>>>> REPLACE\n```\n",
        file.path
    );
    Some(Suggestion { before, after, edit })
}

fn looks_like_prose(fix: &str) -> bool {
    let one_line = !fix.contains('\n');
    let words = fix.split_whitespace().count();
    let signs = fix.chars().any(|c| "(){}[];=<>\"'".contains(c));
    one_line && words >= 4 && !signs
}

/// The fix, indented as what it replaces: models leave the margin out.
fn indented(fix: &str, before: &str) -> String {
    let margin = |text: &str| -> String {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        first[..first.len() - first.trim_start().len()].to_owned()
    };
    let (have, want) = (margin(fix), margin(before));
    if have == want {
        return fix.trim_end().to_owned();
    }
    let lines = fix.trim_end().lines().map(|line| match line.strip_prefix(&have) {
        Some(rest) if !rest.trim().is_empty() => format!("{want}{rest}"),
        _ if line.trim().is_empty() => String::new(),
        _ => format!("{want}{}", line.trim_start()),
    });
    lines.collect::<Vec<_>>().join("\n")
}
