//! Types that are written where a parameter or a variable is born.

use mlxcode_base::{Language, TextRange};

/// A value that takes more than this to make is made of many.
const MOST_VALUE_BYTES: usize = 2_000;

/// Letters of names; a dollar is one where JavaScript is at home.
pub fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Where the type of a name is written that is born at `birth`, without what
/// only says that it may be absent, and without its arguments: of
/// `port: net.Port<u8> | None = None`, `net.Port`, and of `port = new Port(1)`,
/// `Port`. `None` where several types are written, or none.
pub fn written_type(text: &str, birth: TextRange, language: Language) -> Option<TextRange> {
    let (before, behind) = (&text[..birth.start], &text[birth.end..]);
    let found = match language {
        Language::Java | Language::CSharp | Language::C | Language::Cpp | Language::Php => {
            let before = before.trim_end_matches([' ', '*', '&', '$']);
            let before = before_brackets(before);
            let word = before.trim_end_matches(is_part).len();
            Some(&before[word..]).filter(|word| !matches!(*word, "" | "var" | "auto" | "val"))
        }
        Language::Go => {
            let is_made = behind.trim_start().starts_with([':', '=', ',']);
            if is_made { None } else { plain_type(behind) }
        }
        _ => {
            let behind = behind.trim_start_matches([' ', '?', '!']);
            behind
                .strip_prefix(':')
                .filter(|rest| !rest.starts_with([':', '=']))
                .and_then(plain_type)
        }
    };
    let found = found.or_else(|| made(behind, language))?;
    let start = found.as_ptr() as usize - text.as_ptr() as usize;
    Some(TextRange::new(start, start + found.len()))
}

/// The type that a value is made of, where its text says so.
fn made(behind: &str, language: Language) -> Option<&str> {
    let behind = behind.trim_start_matches(' ');
    let rest = behind.strip_prefix(":=").or_else(|| behind.strip_prefix('='))?;
    let rest = rest.strip_prefix([' ', '\t']).unwrap_or(rest).trim_start_matches(' ');
    match language {
        Language::Python | Language::Kotlin | Language::Swift => {
            let (name, behind) = name(rest)?;
            // What is called so is made of it if it is a type.
            is_all(behind).then_some(name)
        }
        Language::Rust => {
            let (name, behind) = name(rest)?;
            let is_new = ["::new(", "::default("].iter().any(|one| behind.starts_with(one));
            let open = behind.find('(').filter(|_| is_new)?;
            is_all(&behind[open..]).then_some(name)
        }
        Language::Go => {
            let (name, behind) = name(rest.trim_start_matches('&'))?;
            behind.starts_with('{').then_some(name)
        }
        _ => {
            let (name, behind) = name(rest.strip_prefix("new ")?)?;
            is_all(behind_brackets(behind)).then_some(name)
        }
    }
}

/// A name at the beginning, with points in it.
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !is_part(c) && c != '.').unwrap_or(text.len());
    let (name, behind) = text.split_at(end);
    let is_name = !name.starts_with(|c: char| c == '.' || c.is_ascii_digit()) && !name.is_empty();
    is_name.then_some((name, behind))
}

/// Whether arguments in brackets are all that is left of a value.
fn is_all(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices().take(MOST_VALUE_BYTES) {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(c),
            ('(' | '[' | '{', None) => depth += 1,
            (')' | ']' | '}', None) if depth == 0 => return false,
            (')' | ']' | '}', None) => {
                depth -= 1;
                if depth == 0 {
                    let behind = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
                    let goes_on = behind.starts_with('\n')
                        && behind.trim_start().starts_with(['.', '?', '[', '(']);
                    return (behind.is_empty() || behind.starts_with(['\n', ';', ',', '#']))
                        && !goes_on;
                }
            }
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// The name of a type that is one, without its arguments, and without what says
/// only that it may be absent or borrowed.
pub fn plain_type(written: &str) -> Option<&str> {
    let mut rest = written.trim_start();
    loop {
        let shorter = rest
            .trim_start_matches(['&', '*', '"', '\'', ' '])
            .trim_start_matches("mut ")
            .trim_start_matches("readonly ")
            .trim_start_matches("Optional[");
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    let (name, behind) = name(rest)?;
    let mut behind = behind_brackets(behind);
    // A list of them is no longer one.
    if behind.starts_with('[') {
        return None;
    }
    loop {
        let shorter = behind.trim_start_matches(['"', '\'', ' ', ']', '?']);
        let absent = ["| None", "| null", "| undefined"];
        let shorter = absent.iter().find_map(|one| shorter.strip_prefix(one)).unwrap_or(shorter);
        if shorter.len() == behind.len() {
            break;
        }
        behind = shorter;
    }
    let is_end = match behind.chars().next() {
        None => true,
        // Several types may stand on lines of their own.
        Some('\n' | '\r') => !behind.trim_start().starts_with(['|', '&']),
        Some(c) => {
            matches!(c, ',' | ')' | '=' | ';' | '{' | '}' | '#') && !behind.starts_with("=>")
        }
    };
    is_end.then_some(name)
}

/// What stands behind arguments in angle brackets, if it begins with such.
pub fn behind_brackets(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let mut depth = 0_usize;
    let mut last = ' ';
    for (at, c) in text.char_indices().take(MOST_VALUE_BYTES) {
        match c {
            '<' => depth += 1,
            // That of an arrow closes nothing.
            '>' if last != '=' && last != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
        last = c;
    }
    ""
}

/// What stands before arguments in angle brackets, if it ends with such.
pub fn before_brackets(text: &str) -> &str {
    if !text.ends_with('>') {
        return text;
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev().take(MOST_VALUE_BYTES) {
        match c {
            '>' => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text[..at].trim_end();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_where_names_are_born() {
        for (language, text, expect) in [
            (Language::Python, "def f(port: Port, x=1)", Some("Port")),
            (Language::Python, "port: \"net.Port | None\" = None", Some("net.Port")),
            (Language::Python, "port: Port | Pipe = x", None),
            (Language::Python, "port: list[Port] = []", None),
            (Language::Python, "port = Port(\"a)\", 1)\nport.open()", Some("Port")),
            (Language::Python, "port = net.Port()", Some("net.Port")),
            (Language::Python, "port = Port(1).open()", None),
            (Language::Python, "port = Port(1) or other", None),
            (Language::Python, "port = 1", None),
            (Language::TypeScript, "(port: Port, b)", Some("Port")),
            (Language::TypeScript, "port?: net.Port<u8> | undefined)", Some("net.Port")),
            (Language::TypeScript, "port: Port |\n Pipe;", None),
            (Language::TypeScript, "port: Port\n  | Pipe;", None),
            (Language::TypeScript, "port: Port[] = []", None),
            (Language::TypeScript, "port: (a: A) => B", None),
            (Language::TypeScript, "const port = new $Port<A>({ a: [1] });", Some("$Port")),
            (Language::TypeScript, "const port = new Port()\n  .open()", None),
            (Language::TypeScript, "(port) => new Port()", None),
            (Language::Rust, "let port = net::Port::new(1);", None),
            (Language::Rust, "let port = Port::new(1);", Some("Port")),
            (Language::Rust, "let port = Port::new(1)?;", None),
            (Language::Rust, "port: &mut Port) -> u8", Some("Port")),
            (Language::Go, "(port *Port) error", Some("Port")),
            (Language::Go, "port := &Port{1}", Some("Port")),
            (Language::Go, "port := open()", None),
            (Language::Go, "port, err := open()", None),
            (Language::Java, "List<Port> port = new Ports();", Some("List")),
            (Language::Java, "var port = new Port();", Some("Port")),
            (Language::CSharp, "(a, port) => 1", None),
            (Language::Cpp, "Port *port = 0;", Some("Port")),
        ] {
            let start = text.find("port").unwrap();
            let birth = TextRange::new(start, start + "port".len());
            let found = written_type(text, birth, language);
            assert_eq!(found.map(|one| &text[one.start..one.end]), expect, "{text}");
        }
    }
}
