//! In which part of a tree a question says that it is.

use crate::vocabulary::FAILURE_WORDS;
use crate::words::each_word;

/// More words before a colon are a sentence.
const MOST_WORDS: usize = 3;

/// What stands before the first colon, as those write it who tell of a change:
/// `parser: no such port`, `fix(parser): no such port`. What a program says,
/// `error: no such port`, has none.
pub fn scope_of(question: &str) -> Option<&str> {
    let (head, rest) = question.trim_start().split_once(':')?;
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let inner = head.strip_suffix('!').unwrap_or(head).strip_suffix(')');
    let scope = match inner.and_then(|inner| inner.split_once('(')) {
        Some((kind, scope)) if is_word(kind) => scope,
        _ => {
            let words = head.split([' ', ',']).filter(|word| !word.is_empty());
            let count = words.clone().count();
            if !(1..=MOST_WORDS).contains(&count) || !words.into_iter().all(is_word) {
                return None;
            }
            head
        }
    };
    let mut failure = false;
    each_word(scope, |word| failure |= FAILURE_WORDS.contains(&word));
    (!failure).then_some(scope)
}

fn is_word(word: &str) -> bool {
    let may = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    !word.is_empty() && word.chars().all(may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_colon_is_the_scope() {
        for (question, expect) in [
            ("parser: no such port", Some("parser")),
            ("fix(parser)!: no such port", Some("parser")),
            ("net/http, url: no such port", Some("net/http, url")),
            ("what is a port?", None),
            ("Port::open is slow", None),
            ("Port::open: is slow", None),
            ("it is so in all of them: ports leak", None),
            ("error: no such port", None),
            ("TypeError: no such port", None),
            ("(a): b", None),
            (":", None),
            (": a", None),
            ("fix(: a", None),
        ] {
            assert_eq!(scope_of(question), expect, "{question}");
        }
    }
}
