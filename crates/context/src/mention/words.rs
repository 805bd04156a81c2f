//! The words of a question, as far as they can name something.

/// Signs that stand around a word and are not its own.
const EDGE: [char; 13] = ['.', ',', ';', ':', '?', '!', '"', '\'', '(', '[', ']', '{', '}'];

/// A word of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'q> {
    /// The word, without the signs around it.
    pub text: &'q str,
    /// Whether it stands in backticks.
    pub is_quoted: bool,
    /// Whether an `@` before it says that it names something.
    pub is_marked: bool,
}

/// Takes a question apart.
pub fn words(question: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (number, part) in question.split('`').enumerate() {
        let is_quoted = number % 2 == 1;
        for word in part.split_whitespace() {
            // A point in front belongs to `./a.rs` and `.github/ci.yml`.
            let word = word.trim_start_matches(&EDGE[1..]);
            let marked = word.strip_prefix('@');
            let text = trimmed(marked.unwrap_or(word));
            words.push(Word { text, is_quoted, is_marked: marked.is_some() });
        }
    }
    words
}

/// A word without the signs behind it.
fn trimmed(word: &str) -> &str {
    let behind = word.trim_end_matches(EDGE);
    // `*.{rs,py}` keeps its brace.
    let open = |text: &str| text.matches('{').count() > text.matches('}').count();
    let behind = match word.get(..=behind.len()) {
        Some(longer) if open(behind) && longer.ends_with('}') => longer,
        _ => behind,
    };
    // `parse()` keeps its parentheses, a remark in parentheses loses its own.
    let word = if behind.ends_with("()") { behind } else { behind.trim_end_matches(')') };
    if word.ends_with('}') { word } else { word.trim_end_matches(EDGE) }
}
