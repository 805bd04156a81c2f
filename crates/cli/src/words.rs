//! Words of a line, as a shell takes them apart.

/// Splits a text into words as a shell would, without anything else that a shell
/// does. `None` where a quote is not closed.
pub fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            // A path of Windows has backslashes that mean nothing.
            (None | Some('"'), '\\')
                if characters
                    .peek()
                    .is_some_and(|next| matches!(next, '"' | '\'' | '\\' | ' ')) =>
            {
                word.get_or_insert_default().extend(characters.next());
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_words_and_no_shell() {
        for (text, expect) in [
            ("vi", Some(vec!["vi"])),
            ("code --wait", Some(vec!["code", "--wait"])),
            ("  '/opt/my editor/ed' -n \"a b\" ", Some(vec!["/opt/my editor/ed", "-n", "a b"])),
            ("/opt/my\\ editor", Some(vec!["/opt/my editor"])),
            ("C:\\bin\\ed.exe -w", Some(vec!["C:\\bin\\ed.exe", "-w"])),
            ("ed; rm -rf $HOME `x`", Some(vec!["ed;", "rm", "-rf", "$HOME", "`x`"])),
            ("ed ''", Some(vec!["ed", ""])),
            ("ed 'x", None),
            ("  ", Some(vec![])),
        ] {
            let expect = expect.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(words(text), expect, "{text}");
        }
    }
}
