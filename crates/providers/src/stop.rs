//! Texts that end an answer, found by ourselves.
//!
//! Servers take four of them, or one, or forget them; what comes here never
//! holds one, whatever the server does.

/// Looks for stop texts in a text that comes in parts.
#[derive(Debug, Default)]
pub struct StopFilter {
    stops: Vec<String>,
    /// What may be the beginning of one.
    held: String,
}

impl StopFilter {
    pub fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { stops, held: String::new() }
    }

    /// Takes the next part; gives what is certain, and whether a stop text
    /// came.
    pub fn push(&mut self, part: &str) -> (String, bool) {
        if self.stops.is_empty() {
            return (part.to_owned(), false);
        }
        self.held.push_str(part);
        // The one that is complete first, as if each character came alone.
        let ends = |stop: &String| self.held.find(stop).map(|at| (at + stop.len(), at));
        if let Some((_, at)) = self.stops.iter().filter_map(ends).min() {
            let mut text = std::mem::take(&mut self.held);
            text.truncate(at);
            return (text, true);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back, at the end.
    pub fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// How many bytes at the end of `text` begin `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let most = text.len().min(stop.len() - 1);
    let fits = |bytes: &usize| {
        stop.is_char_boundary(*bytes) && text.as_bytes().ends_with(&stop.as_bytes()[..*bytes])
    };
    (1..=most).rev().find(fits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(stops: &[&str], parts: &[&str]) -> (String, bool) {
        let stops: Vec<String> = stops.iter().map(ToString::to_string).collect();
        let mut filter = StopFilter::new(&stops);
        let mut text = String::new();
        for part in parts {
            let (more, hit) = filter.push(part);
            text.push_str(&more);
            if hit {
                return (text, true);
            }
        }
        text.push_str(&filter.rest());
        (text, false)
    }

    #[test]
    fn a_stop_text_may_lie_across_parts() {
        let check = |stops: &[&str], parts: &[&str], expect: &str, hit| {
            assert_eq!(run(stops, parts), (expect.to_owned(), hit), "{parts:?}");
        };
        check(&[], &["a", "b"], "ab", false);
        check(&["</s>"], &["a<", "/s", ">b"], "a", true);
        check(&["</s>"], &["a<", "/t"], "a</t", false);
        check(&["aab"], &["aa", "ab"], "a", true);
        check(&["é!"], &["é", "é!"], "é", true);
        check(&["bc", "abcd"], &["xabcd"], "xa", true);
        check(&["", "x"], &["a"], "a", false);
    }

    proptest! {
        #[test]
        fn parts_change_nothing(text in "[aé<]{0,30}", stop in "[aé<]{1,4}", cut in 0_usize..30) {
            let mut cut = cut.min(text.len());
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let expect = match text.find(&stop) {
                Some(at) => (text[..at].to_owned(), true),
                None => (text.clone(), false),
            };
            prop_assert_eq!(run(&[&stop], &[&text[..cut], &text[cut..]]), expect.clone());
            let single: Vec<String> = text.chars().map(String::from).collect();
            let single: Vec<&str> = single.iter().map(String::as_str).collect();
            prop_assert_eq!(run(&[&stop], &single), expect);
        }
    }
}
