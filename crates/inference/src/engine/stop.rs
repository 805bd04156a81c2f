//! Texts that end an answer, wherever the token borders fall.

/// Holds back text that may be the beginning of a stop text.
#[derive(Clone, Debug)]
pub struct StopTexts {
    stops: Vec<String>,
    held: String,
}

impl StopTexts {
    /// Looks for any of `stops`; empty ones are never found.
    pub fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { stops, held: String::new() }
    }

    /// Takes more text. Gives what is certain, and whether a stop text came:
    /// the one that is complete first, so that the borders of the pieces
    /// change nothing.
    pub fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        let found = self.stops.iter().filter_map(|stop| {
            let at = self.held.find(stop.as_str())?;
            Some((at + stop.len(), at))
        });
        if let Some((_, at)) = found.min() {
            self.held.truncate(at);
            return (std::mem::take(&mut self.held), true);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// Whether text is held back.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives what is held back: no more text comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// The bytes at the end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    let most = text.len().min(stop.len() - 1);
    (1..=most)
        .rev()
        .find(|length| {
            text.is_char_boundary(text.len() - length)
                && stop.as_bytes().starts_with(&text.as_bytes()[text.len() - length..])
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::proptest;

    use super::*;

    fn check(stops: &[&str], pieces: &[&str], expect: &str, stopped: bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut texts = StopTexts::new(&stops);
        let mut out = String::new();
        let mut ended = false;
        for piece in pieces {
            let (text, stop) = texts.push(piece);
            out.push_str(&text);
            if stop {
                ended = true;
                break;
            }
        }
        if !ended {
            out.push_str(&texts.finish());
        }
        assert_eq!((out.as_str(), ended), (expect, stopped), "{stops:?} {pieces:?}");
    }

    #[test]
    fn a_stop_text_is_found_across_pieces_and_not_given_out() {
        check(&["END"], &["a E", "N", "D b"], "a ", true);
        check(&["END"], &["a E", "N", "E b"], "a ENE b", false);
        check(&["END"], &["EN"], "EN", false);
        check(&["aab"], &["a", "a", "a", "b"], "a", true);
        check(&["xyz", "y"], &["x", "yz"], "x", true);
        check(&["yz", "xyz"], &["wxyz"], "w", true);
        check(&["ä"], &["b", "ä"], "b", true);
        check(&["\n\n"], &["a\n", "b\n", "\nc"], "a\nb", true);
        check(&[""], &["a"], "a", false);
        check(&[], &["a", "b"], "ab", false);
    }

    /// What a reader of the whole text would cut.
    fn cut<'t>(stops: &[String], text: &'t str) -> (&'t str, bool) {
        let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
        for end in ends {
            let read = &text[..end];
            let starts = stops.iter().filter(|stop| !stop.is_empty() && read.ends_with(*stop));
            if let Some(longest) = starts.map(String::len).max() {
                return (&text[..end - longest], true);
            }
        }
        (text, false)
    }

    proptest! {
        #[test]
        fn the_borders_of_the_pieces_change_nothing(
            stops in vec("[abé]{0,4}", 0..4),
            pieces in vec("[abé]{0,5}", 0..12),
        ) {
            let whole = pieces.concat();
            let (expect, stopped) = cut(&stops, &whole);
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            check(&stops, &pieces, expect, stopped);
        }
    }
}
