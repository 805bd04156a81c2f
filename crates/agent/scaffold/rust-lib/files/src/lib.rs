//! {{ description }}
//!
//! ```
//! let words = {{ name | lower | replace('-', '_') }}::count_words("to be or not to be");
//! assert_eq!(words["be"], 2);
//! ```

use std::collections::BTreeMap;

/// Counts the words of a text, parted by white space.
pub fn count_words(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_has_no_words() {
        assert!(count_words(" \n").is_empty());
    }

    #[test]
    fn words_are_counted() {
        let counts = count_words("a b a");
        assert_eq!((counts["a"], counts["b"]), (2, 1));
    }
}
