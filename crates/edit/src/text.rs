//! A text file as lines, so that what is not edited stays byte for byte.

use std::borrow::Cow;

const BOM: &str = "\u{feff}";

/// The lines of a text file, each with its own ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText<'t> {
    bom: bool,
    lines: Vec<FileLine<'t>>,
}

/// One line and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine<'t> {
    pub text: Cow<'t, str>,
    pub end: LineEnd,
}

/// How a line ends; only the last one may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    Lf,
    CrLf,
    None,
}

impl LineEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::None => "",
        }
    }
}

impl<'t> FileText<'t> {
    /// Splits a text. Joining gives the same bytes back.
    pub fn new(text: &'t str) -> Self {
        let (bom, text) = match text.strip_prefix(BOM) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let lines = text
            .split_inclusive('\n')
            .map(|raw| {
                let (text, end) = match raw.strip_suffix('\n') {
                    None => (raw, LineEnd::None),
                    Some(line) => match line.strip_suffix('\r') {
                        Some(line) => (line, LineEnd::CrLf),
                        None => (line, LineEnd::Lf),
                    },
                };
                FileLine { text: Cow::Borrowed(text), end }
            })
            .collect();
        Self { bom, lines }
    }

    /// The lines in order.
    pub fn lines(&self) -> &[FileLine<'t>] {
        &self.lines
    }

    /// The lines' texts in order, without endings.
    pub fn texts(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.text.as_ref()).collect()
    }

    /// The whole text again.
    pub fn join(&self) -> String {
        let size = self.lines.iter().map(|line| line.text.len() + 2).sum::<usize>();
        let mut text = String::with_capacity(size + BOM.len());
        text.push_str(if self.bom { BOM } else { "" });
        for line in &self.lines {
            text.push_str(&line.text);
            text.push_str(line.end.as_str());
        }
        text
    }

    /// The ending that new lines get: the file's most frequent one.
    pub fn usual_end(&self) -> LineEnd {
        let crlf = self.lines.iter().filter(|line| line.end == LineEnd::CrLf).count();
        let lf = self.lines.iter().filter(|line| line.end == LineEnd::Lf).count();
        if crlf > lf { LineEnd::CrLf } else { LineEnd::Lf }
    }

    /// Puts `new` in place of `range`; the file ends as it ended before.
    pub fn replace(&mut self, range: std::ops::Range<usize>, new: Vec<FileLine<'t>>) {
        let open = self.lines.last().is_some_and(|line| line.end == LineEnd::None);
        let end = self.usual_end();
        self.lines.splice(range, new);
        let last = self.lines.len().saturating_sub(1);
        for (number, line) in self.lines.iter_mut().enumerate() {
            if number < last && line.end == LineEnd::None {
                line.end = end;
            }
        }
        if let Some(line) = self.lines.last_mut() {
            if open {
                line.end = LineEnd::None;
            } else if line.end == LineEnd::None {
                line.end = end;
            }
        }
    }

    /// Takes the last line's ending away, or gives it one.
    pub fn set_open(&mut self, open: bool) {
        let end = if open { LineEnd::None } else { self.usual_end() };
        if let Some(last) = self.lines.last_mut().filter(|line| open || line.end == LineEnd::None) {
            last.end = end;
        }
    }

    /// Gives `text` the byte order mark and the line endings of this file, the
    /// missing last one too: a whole file in a reply cannot show it.
    pub fn dress(&self, text: &str) -> String {
        let end = self.usual_end();
        let mut new = FileText::new(text);
        new.bom = self.bom || new.bom;
        if end == LineEnd::CrLf {
            for line in &mut new.lines {
                if line.end == LineEnd::Lf {
                    line.end = LineEnd::CrLf;
                }
            }
        }
        let open = self.lines.last().is_some_and(|line| line.end == LineEnd::None);
        if let Some(last) = new.lines.last_mut().filter(|last| open && !last.text.is_empty()) {
            last.end = LineEnd::None;
        }
        new.join()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_replaced_end_keeps_the_files_end() {
        let line = |text: &'static str| FileLine { text: text.into(), end: LineEnd::Lf };
        for (before, range, expect) in [
            ("a\nb", 1..2, "a\nx"),
            ("a\nb\n", 1..2, "a\nx\n"),
            ("a\r\nb", 0..1, "x\nb"),
            ("a\nb", 2..2, "a\nb\nx"),
            ("", 0..0, "x\n"),
        ] {
            let mut text = FileText::new(before);
            text.replace(range, vec![line("x")]);
            assert_eq!(text.join(), expect, "{before:?}");
        }
    }

    proptest! {
        #[test]
        fn joining_gives_the_same_bytes(text in "[\u{feff}a\r\n \t]{0,40}") {
            prop_assert_eq!(FileText::new(&text).join(), text);
        }
    }
}
