//! Choosing from a list by some letters.

mod draw;
mod list;
mod numbered;

use std::io::{BufRead, Write};

use crate::keys::{Key, RawMode, next_key};
use crate::{Result, Screen};
use list::List;

/// Something that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PickItem {
    /// What it is called; its letters are looked for.
    pub label: String,
    /// What there is to say about it.
    pub detail: String,
    /// What is shown below the list while the item is chosen; empty for none.
    pub preview: String,
}

/// How something is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PickerOptions {
    /// What is asked, such as `Which session?`.
    pub question: String,
    /// Whether several can be chosen, by Tab.
    pub several: bool,
    /// Rows of the list; ten without.
    pub rows: Option<usize>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// The numbers of the items, counted from zero, in the list's order.
    Items(Vec<usize>),
    /// Nothing: Esc, Ctrl-C or the end of input.
    Nothing,
}

/// Shows a list below the cursor, in the normal screen, and wipes it after.
pub struct Picker<'a> {
    items: &'a [PickItem],
    options: PickerOptions,
    screen: &'a Screen,
}

impl<'a> Picker<'a> {
    /// A picker of these items.
    pub fn new(items: &'a [PickItem], options: PickerOptions, screen: &'a Screen) -> Self {
        Self { items, options, screen }
    }

    /// Asks. Where no cursor moves, it is a numbered list and a question, which
    /// `keyboard` answers.
    pub fn pick(&self, keyboard: &mut dyn BufRead, out: &mut dyn Write) -> Result<Picked> {
        if self.items.is_empty() {
            return Ok(Picked::Nothing);
        }
        if !self.screen.capabilities.cursor {
            return numbered::pick(self.items, &self.options, self.screen, keyboard, out);
        }
        let _raw = RawMode::enter()?;
        let mut list = List::new(self.items, &self.options);
        let mut screen = self.screen.clone();
        let mut drawn = draw::Drawn::default();
        let picked = loop {
            drawn.draw(out, &list, &self.options, &screen)?;
            let key = next_key(out)?;
            if let Key::Resized(columns) = key {
                screen.set_columns(Some(columns));
                drawn.resized(columns);
            }
            if let Some(picked) = list.key(key) {
                break picked;
            }
        };
        drawn.wipe(out)?;
        Ok(picked)
    }
}
