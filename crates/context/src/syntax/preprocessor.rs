//! What a grammar of C cannot know: macros that stand where the language has
//! nothing, and conditions that cut a statement in two. Both are read as
//! blanks, so that all offsets stay.

use mlxcode_base::{Language, TextRange};

/// Whether a preprocessor runs before the compiler.
pub fn is_for(language: Language) -> bool {
    matches!(language, Language::C | Language::Cpp)
}

/// A word, or a sign of one byte.
#[derive(Clone, Copy, Debug)]
struct Token {
    start: usize,
    end: usize,
    is_word: bool,
    /// Whether nothing stands before it on its line.
    is_first: bool,
}

/// Words before which a macro at the beginning of a line is a remark about the
/// declaration, and not its type.
const BEGINNINGS: [&str; 36] = [
    "auto",
    "bool",
    "char",
    "class",
    "const",
    "constexpr",
    "double",
    "enum",
    "explicit",
    "extern",
    "float",
    "friend",
    "inline",
    "int",
    "int16_t",
    "int32_t",
    "int64_t",
    "long",
    "mutable",
    "operator",
    "register",
    "short",
    "signed",
    "size_t",
    "ssize_t",
    "static",
    "std",
    "struct",
    "template",
    "typedef",
    "typename",
    "union",
    "unsigned",
    "virtual",
    "void",
    "volatile",
];

/// A line that begins so is a statement, and what follows its parentheses too.
const STATEMENTS: [&str; 8] = ["case", "do", "else", "for", "if", "return", "switch", "while"];

/// Attributes of compilers: they tell nothing of what is declared.
const ATTRIBUTES: [&str; 3] = ["__attribute", "__attribute__", "__declspec"];

/// The text with blanks for macros about declarations, such as `EXPORT` in
/// `class EXPORT Port {`; `None` where there are none.
pub fn without_macros(text: &str) -> Option<String> {
    let tokens = tokens(text);
    let mut blanks = Vec::new();
    for place in 0..tokens.len() {
        let word = word(text, &tokens, place);
        let is_attribute = ATTRIBUTES.contains(&word);
        if is_attribute || (is_macro_name(word) && is_remark(text, &tokens, place)) {
            blanks.push(tokens[place].start..tokens[after_group(text, &tokens, place) - 1].end);
        }
    }
    blanked(text, blanks)
}

/// The text with blanks for the lines of conditions, and for the second
/// branches of those that touch an error; `None` where there are none.
pub fn without_conditions(text: &str, errors: &[TextRange]) -> Option<String> {
    /// A condition that is open.
    struct Open {
        start: usize,
        lines: Vec<std::ops::Range<usize>>,
        /// Where the second branch begins.
        other: Option<usize>,
    }
    let mut open: Vec<Open> = Vec::new();
    let mut blanks = Vec::new();
    for line in directives(text) {
        let written = text[line.clone()].trim_start_matches(['#', ' ', '\t']);
        let name = written.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        match name {
            "if" | "ifdef" | "ifndef" => {
                open.push(Open { start: line.start, lines: vec![line], other: None });
            }
            "else" | "elif" | "elifdef" | "elifndef" => {
                if let Some(last) = open.last_mut() {
                    last.other.get_or_insert(line.start);
                    last.lines.push(line);
                }
            }
            "endif" => {
                let Some(mut last) = open.pop() else { continue };
                let all = TextRange::new(last.start, line.end);
                match last.other {
                    None => {
                        last.lines.push(line);
                        blanks.append(&mut last.lines);
                    }
                    Some(other) if errors.iter().any(|error| error.overlaps(all)) => {
                        blanks.extend(last.lines.into_iter().take(1));
                        blanks.push(other..line.end);
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }
    blanked(text, blanks)
}

/// Puts blanks in the place of all but the line ends of these ranges.
fn blanked(text: &str, ranges: Vec<std::ops::Range<usize>>) -> Option<String> {
    if ranges.is_empty() {
        return None;
    }
    let mut bytes = text.as_bytes().to_vec();
    for range in ranges {
        for byte in &mut bytes[range] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
    }
    // Ranges begin and end between characters, so that whole ones are blanked.
    String::from_utf8(bytes).ok()
}

/// The lines of directives, with those that continue them.
fn directives(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = 0;
    let mut continues = false;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        if continues {
            if let Some(last) = found.last_mut() {
                last.end = end;
            }
        } else if line.trim_start().starts_with('#') {
            found.push(start..end);
        }
        let is_directive = found.last().is_some_and(|last| last.end == end);
        continues = is_directive && line.trim_end().ends_with('\\');
        start += line.len();
    }
    found
}

fn is_macro_name(word: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    word.len() > 2
        && word.bytes().all(capital)
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a macro stands where a declaration has no room for a word.
fn is_remark(text: &str, tokens: &[Token], place: usize) -> bool {
    let behind = after_group(text, tokens, place);
    let has_group = behind > place + 1;
    let before = place.checked_sub(1).map_or("", |before| word(text, tokens, before));
    let next = word(text, tokens, behind);
    let macro_name = word(text, tokens, place);
    match before {
        // `class EXPORT Port {`: between the two words there is no room.
        "class" | "struct" | "union" => {
            let named = tokens.get(behind).is_some_and(|token| token.is_word);
            let opener = word(text, tokens, behind + 1);
            named && matches!(opener, "{" | ":" | "final" | "<")
        }
        // `int read() LOCKS(mu) {` and `void f(void) API;`.
        ")" | "const" | "noexcept" | "override" | "final" => {
            let ends = matches!(next, "{" | ";");
            let statement = STATEMENTS.contains(&first_word(text, tokens[place].start));
            let near = !tokens[place].is_first || next == "{";
            ends && near && !statement
        }
        // `int count GUARDED_BY(mu);`: a type and a name stand before it.
        _ if has_group && macro_name.contains('_') && matches!(next, ";" | "=" | "{") => {
            let named = place > 1 && tokens[place - 1].is_word && !tokens[place].is_first;
            let typed = place > 1
                && (tokens[place - 2].is_word
                    || matches!(word(text, tokens, place - 2), "*" | "&" | ">"));
            named && typed && tokens[place - 1].end < tokens[place].start
        }
        // `API void f(void);`.
        _ => tokens[place].is_first && macro_name.contains('_') && BEGINNINGS.contains(&next),
    }
}

/// The place behind a word and the parentheses right behind it.
fn after_group(text: &str, tokens: &[Token], place: usize) -> usize {
    if word(text, tokens, place + 1) != "(" {
        return place + 1;
    }
    let mut depth = 0_usize;
    // A remark is short; an open parenthesis is not followed to the end.
    for next in place + 1..tokens.len().min(place + 64) {
        match word(text, tokens, next) {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    return next + 1;
                }
            }
            _ => {}
        }
    }
    place + 1
}

fn word<'t>(text: &'t str, tokens: &[Token], place: usize) -> &'t str {
    tokens.get(place).map_or("", |token| &text[token.start..token.end])
}

fn first_word(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[line..at].trim_start();
    line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Words and signs, without comments, strings and directives.
fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let directives = directives(text);
    let mut directives = directives.into_iter().peekable();
    let mut found = Vec::new();
    let mut at = 0;
    let mut is_first = true;
    while at < bytes.len() {
        while directives.peek().is_some_and(|line| line.end <= at) {
            directives.next();
        }
        if let Some(line) = directives.peek().filter(|line| line.start <= at) {
            at = line.end;
            continue;
        }
        let start = at;
        match bytes[at] {
            b'\n' => {
                is_first = true;
                at += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at += text[at..].find("*/").map_or(text.len() - at, |end| end + 2);
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(bytes.len());
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                found.push(Token { start, end: at, is_word: true, is_first });
                is_first = false;
                continue;
            }
            byte if byte.is_ascii() => at += 1,
            _ => {
                at += 1;
                continue;
            }
        }
        // A string is one sign: nothing is read into it.
        let end = if text.is_char_boundary(start + 1) { start + 1 } else { at };
        found.push(Token { start, end, is_word: false, is_first });
        is_first = false;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_about_declarations_are_blanks() {
        for (text, gone) in [
            ("class API_EXPORT Port {\n};\n", "API_EXPORT"),
            ("struct PACKED Port : Base {\n};\n", "PACKED"),
            ("int read() LOCKS_EXCLUDED(mu_) {\n}\n", "LOCKS_EXCLUDED(mu_)"),
            ("MODULE_API void (*Free)(void *p) MODULE_ATTR;\n", "MODULE_API MODULE_ATTR"),
            ("  int count GUARDED_BY(mu_) = 0;\n", "GUARDED_BY(mu_)"),
            ("int x __attribute__((unused));\n", "__attribute__((unused))"),
        ] {
            let blanked = without_macros(text).unwrap();
            assert_eq!(blanked.len(), text.len());
            for word in gone.split(' ') {
                assert!(!blanked.contains(word), "{blanked}");
            }
        }
        for text in [
            "FILE *open(void);\n",
            "int LIMIT;\n",
            "if (x) LOG(y);\n",
            "struct FILE file;\n",
            "#define API_EXPORT class EXPORT X {\n",
            "DWORD COUNT(void);\n",
            "return (x) LOG_ALL(y);\n",
        ] {
            assert_eq!(without_macros(text), None, "{text}");
        }
    }

    #[test]
    fn conditions_in_a_statement_are_blanks() {
        let text = "int a[] = {\n#ifdef X\n  1,\n#else\n  2,\n#endif\n};\n";
        let error = [TextRange::new(12, 20)];
        let blanked = without_conditions(text, &error).unwrap();
        assert_eq!(blanked.len(), text.len());
        assert_eq!(blanked.split_whitespace().collect::<String>(), "inta[]={1,};");
        // Where nothing is wrong, no branch is lost.
        assert_eq!(without_conditions(text, &[]), None);
    }
}
