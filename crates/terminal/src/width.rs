//! How many columns a text takes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a tab advances to in code; terminals' own eight waste the line.
pub(crate) const TAB_COLUMNS: usize = 4;

/// Counts the columns that a text without line ends takes.
///
/// East Asian wide characters and emoji take two, marks that combine none.
pub fn display_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Cuts a text to `columns`, with `…` where something is missing.
pub fn shortened(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let (kept, _) = split_at_width(text, room);
    format!("{kept}…")
}

/// Splits a text where it reaches `columns`, between characters that a person
/// sees as one. The first part is empty where the first character is wider.
pub(crate) fn split_at_width(text: &str, columns: usize) -> (&str, &str) {
    if text.is_ascii() {
        return text.split_at(columns.min(text.len()));
    }
    let mut width = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        width += display_width(grapheme);
        if width > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// Replaces tabs by spaces up to the next stop; the text begins at `column`.
pub(crate) fn expand_tabs(text: &str, column: usize) -> std::borrow::Cow<'_, str> {
    if !text.contains('\t') {
        return std::borrow::Cow::Borrowed(text);
    }
    let mut expanded = String::with_capacity(text.len() + 16);
    let mut at = column;
    for (index, part) in text.split('\t').enumerate() {
        if index > 0 {
            let spaces = TAB_COLUMNS - at % TAB_COLUMNS;
            expanded.extend(std::iter::repeat_n(' ', spaces));
            at += spaces;
        }
        expanded.push_str(part);
        at += display_width(part);
    }
    std::borrow::Cow::Owned(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        for (text, expect) in [("", 0), ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("👍", 2)] {
            assert_eq!(display_width(text), expect, "{text}");
        }
    }

    #[test]
    fn a_cut_stays_within_the_columns_and_splits_no_character() {
        assert_eq!(shortened("日本語", 6), "日本語");
        assert_eq!(shortened("日本語", 5), "日本…");
        assert_eq!(shortened("日本語", 4), "日…");
        assert_eq!(shortened("abc", 0), "");
        assert_eq!(split_at_width("日本", 1), ("", "日本"));
        assert_eq!(split_at_width("e\u{301}x", 1), ("e\u{301}", "x"));
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(expand_tabs("\ta\tb", 0), "    a   b");
        assert_eq!(expand_tabs("\ta", 2), "  a");
        assert_eq!(expand_tabs("日\tb", 0), "日  b");
    }
}
