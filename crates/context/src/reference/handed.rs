//! Functions that are handed to others: what their parameters are is written
//! where they are taken.
//!
//! Of `port.onOpen = (event) => …` the member tells what `event` is, and of
//! `listen("a", (event) => …)` the parameter of `listen`. A text is read and no
//! tree, as the names before a name are.

use mlxcode_base::{Language, TextRange};

use super::told::{before_brackets, is_part};

/// A list of parameters, or what stands before an argument, is no longer.
const MOST_BYTES: usize = 2_000;

/// A parameter of a function that is handed to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The names of what takes the function: of `port.onOpen`, both.
    pub to: TextRange,
    /// The argument that the function is; `None` where it is assigned.
    pub argument: Option<usize>,
    /// Which of the function's parameters it is.
    pub parameter: usize,
}

/// What takes the function whose parameter is born at `birth`. `None` for
/// another birth, and where that is not told by names.
pub fn handed(text: &str, birth: TextRange, language: Language) -> Option<Handed> {
    if !matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx) {
        return None;
    }
    let before = text[..birth.start].trim_end();
    let behind = text[birth.end..].trim_start();
    let (parameter, before) = if behind.starts_with("=>") {
        (0, before)
    } else {
        // Another parameter is written behind it, or none.
        if !behind.starts_with([',', ')', '?', '=']) || !is_arrow(behind) {
            return None;
        }
        opened(before)?
    };
    let before = before.trim_end();
    let before = before.strip_suffix("async").unwrap_or(before).trim_end();
    if let Some(left) = before.strip_suffix('=') {
        let left = left.trim_end_matches(['?', '|', '&']).trim_end();
        let to = names(text, left)?;
        return Some(Handed { to, argument: None, parameter });
    }
    if !before.ends_with([',', '(']) {
        return None;
    }
    let (argument, before) = opened(before)?;
    let to = names(text, before_brackets(before.trim_end()))?;
    Some(Handed { to, argument: Some(argument), parameter })
}

/// The names, joined by points, that a text ends with.
fn names(text: &str, before: &str) -> Option<TextRange> {
    let start = before.trim_end_matches(|c| is_part(c) || c == '.').len();
    let found = &before[start..];
    let is_name = |part: &str| !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit());
    // What stands before these belongs to them: `open().port`.
    let goes_on = before[..start].ends_with([')', ']', '?', '!', '#', '@']);
    let stands = found.as_ptr() as usize - text.as_ptr() as usize;
    (found.split('.').all(is_name) && !goes_on)
        .then(|| TextRange::new(stands, stands + found.len()))
}

/// What stands before the bracket that is open at the end of a text, and how
/// many commas part what stands in it.
fn opened(text: &str) -> Option<(usize, &str)> {
    let mut depth = 0_usize;
    // Of types, whose commas part nothing here.
    let mut angles = 0_usize;
    let mut commas = 0;
    let mut quote = None;
    let mut chars = text.char_indices().rev().take(MOST_BYTES).peekable();
    while let Some((at, c)) = chars.next() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            } else if c == '\n' && open != '`' {
                return None;
            }
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => return (angles == 0).then_some((commas, &text[..at])),
            '[' | '{' | ';' if depth == 0 => return None,
            '(' | '[' | '{' => depth -= 1,
            '>' if depth == 0 && chars.peek().is_none_or(|(_, c)| *c != '=') => angles += 1,
            '<' if depth == 0 => angles = angles.saturating_sub(1),
            ',' if depth == 0 && angles == 0 => commas += 1,
            _ => {}
        }
    }
    None
}

/// Whether the list of parameters that a text ends is that of an arrow.
fn is_arrow(behind: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in behind.char_indices().take(MOST_BYTES) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                let behind = behind[at + 1..].trim_start();
                // What it gives may be said.
                let line = behind.lines().next().unwrap_or_default();
                return behind.starts_with("=>")
                    || behind.starts_with(':') && line.contains("=>") && !line.contains(';');
            }
            ')' | ']' | '}' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_handed_to_names() {
        for (text, expect) in [
            ("port.onOpen = (event) => {}", Some(("port.onOpen", None, 0))),
            ("port.onOpen = async (a, event) => {}", Some(("port.onOpen", None, 1))),
            ("port.onOpen ??= event => 1", Some(("port.onOpen", None, 0))),
            ("const f: Handler = (a: Map<A, B>, event): void => {}", Some(("Handler", None, 1))),
            ("listen(\"a, (\", (event) => {})", Some(("listen", Some(1), 0))),
            (
                "net.listen<Port>({ a, b }, [1, 2], (event, x) => {}",
                Some(("net.listen", Some(2), 0)),
            ),
            (
                "/* x */ net.make(\n  \"$A\",\n  (event, x): void => {",
                Some(("net.make", Some(1), 0)),
            ),
            ("listen((event = 1) => {})", Some(("listen", Some(0), 0))),
            // Not told by names, or no such function.
            ("open().listen((event) => {})", None),
            ("x[0] = (event) => {}", None),
            ("function f(event) {}", None),
            ("if (event) {}", None),
            ("return (event) => 1", None),
            ("const { event } = port", None),
            ("listen(({ event }) => 1)", None),
            ("a = (event)", None),
            ("f(\"it\n's\", (event) => 1)", None),
        ] {
            let start = text.find("event").unwrap();
            let birth = TextRange::new(start, start + "event".len());
            let found = handed(text, birth, Language::TypeScript);
            let found =
                found.map(|one| (&text[one.to.start..one.to.end], one.argument, one.parameter));
            assert_eq!(found, expect, "{text}");
        }
    }
}
