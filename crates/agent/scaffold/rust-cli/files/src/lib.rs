//! {{ description }}

/// Counts the words of a text, parted by white space.
pub fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted() {
        for (text, expect) in [("", 0), ("one", 1), (" to be \n or not ", 4)] {
            assert_eq!(count_words(text), expect, "{text:?}");
        }
    }
}
