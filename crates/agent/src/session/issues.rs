//! Issues and changes that a message names, as they are published.

use mlxcode_base::Diagnostic as _;
use mlxcode_context::{PublishedText, published};

use super::event::Event;
use super::worker::Worker;

/// The most issues and changes of a message: each asks another machine, and
/// more do not fit into a context.
const MOST_NAMED: usize = 4;

impl Worker<'_> {
    /// Reads what a message names. What cannot be read is told of, to the model
    /// too: it would guess otherwise.
    pub(super) fn read_published(&mut self, said: &str) -> (Vec<PublishedText>, String) {
        let (mut read, mut told) = (Vec::new(), String::new());
        let named = published(said);
        if named.len() > MOST_NAMED {
            let left = named.len() - MOST_NAMED;
            let text =
                format!("at most {MOST_NAMED} issues are read for a message: {left} are not");
            self.emit(Event::Notice { text });
        }
        for one in named.iter().take(MOST_NAMED) {
            match self.parts.ground.published(one, &self.cancel) {
                // Who provides no reader has no need of one.
                None => {}
                Some(Ok(text)) => read.push(text),
                Some(Err(error)) => {
                    told.push_str(&format!("{one} could not be read: {error}.\n\n"));
                    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
                    self.emit(Event::Notice { text: format!("{one}: {error}{help}") });
                }
            }
            if self.cancel.is_cancelled() {
                break;
            }
        }
        (read, told)
    }
}
