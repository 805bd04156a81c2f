//! A list that gets shorter while somebody types: keys go in, the choice comes
//! out. Nothing is drawn here.

use super::{PickItem, Picked, PickerOptions};
use crate::fuzzy::fuzzy_match;
use crate::keys::Key;

/// Rows of the list, where the caller does not say.
const ROWS: usize = 10;

pub(super) struct List<'a> {
    items: &'a [PickItem],
    several: bool,
    rows: usize,
    pub query: String,
    /// The items that fit, the best first, with the letters that do.
    pub found: Vec<(usize, Vec<usize>)>,
    /// Which of those is chosen.
    pub chosen: usize,
    /// The first that is shown.
    pub top: usize,
    pub marked: Vec<bool>,
}

impl<'a> List<'a> {
    pub fn new(items: &'a [PickItem], options: &PickerOptions) -> Self {
        let mut list = Self {
            items,
            several: options.several,
            rows: options.rows.unwrap_or(ROWS).max(1),
            query: String::new(),
            found: Vec::new(),
            chosen: 0,
            top: 0,
            marked: vec![false; items.len()],
        };
        list.filter();
        list
    }

    pub fn item(&self, index: usize) -> &'a PickItem {
        &self.items[index]
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The found items that are shown.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &(usize, Vec<usize>))> {
        self.found.iter().enumerate().skip(self.top).take(self.rows)
    }

    /// Takes a key; gives the choice when there is one.
    pub fn key(&mut self, key: Key) -> Option<Picked> {
        match key {
            Key::Enter => {
                let picked = self.picked();
                return (!picked.is_empty()).then_some(Picked::Items(picked));
            }
            Key::Escape | Key::Interrupt => return Some(Picked::Nothing),
            Key::End if self.query.is_empty() => return Some(Picked::Nothing),
            Key::Char(letter) => self.type_text(&letter.to_string()),
            Key::Paste(text) => self.type_text(text.lines().next().unwrap_or_default()),
            Key::Backspace => {
                self.query.pop();
                self.filter();
            }
            Key::DeleteWord => {
                let rest = self.query.trim_end();
                let end = rest.rfind(' ').map_or(0, |space| space + 1);
                self.query.truncate(end);
                self.filter();
            }
            Key::DeleteAll => {
                self.query.clear();
                self.filter();
            }
            Key::Tab if self.several => {
                if let Some((index, _)) = self.found.get(self.chosen) {
                    self.marked[*index] = !self.marked[*index];
                }
                self.go(self.chosen + 1);
            }
            Key::Down | Key::Tab => {
                let next = self.chosen + 1;
                self.go(if next < self.found.len() { next } else { 0 });
            }
            Key::Up => {
                let last = self.found.len().saturating_sub(1);
                self.go(self.chosen.checked_sub(1).unwrap_or(last));
            }
            Key::PageDown => self.go(self.chosen + self.rows),
            Key::PageUp => self.go(self.chosen.saturating_sub(self.rows)),
            Key::Home => self.go(0),
            Key::EndOfList => self.go(usize::MAX),
            Key::End | Key::Resized(_) | Key::Other => {}
        }
        None
    }

    fn type_text(&mut self, text: &str) {
        self.query.extend(text.chars().filter(|letter| !letter.is_control()));
        self.filter();
    }

    fn filter(&mut self) {
        let mut found: Vec<(i32, usize, Vec<usize>)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let found = fuzzy_match(&self.query, &item.label)?;
                Some((found.score, index, found.at))
            })
            .collect();
        found.sort_by_key(|(score, index, _)| (-score, *index));
        self.found = found.into_iter().map(|(_, index, at)| (index, at)).collect();
        self.chosen = 0;
        self.top = 0;
    }

    fn go(&mut self, to: usize) {
        self.chosen = to.min(self.found.len().saturating_sub(1));
        self.top = self.top.min(self.chosen).max((self.chosen + 1).saturating_sub(self.rows));
    }

    fn picked(&self) -> Vec<usize> {
        let marked: Vec<usize> =
            (0..self.items.len()).filter(|index| self.marked[*index]).collect();
        if !marked.is_empty() {
            return marked;
        }
        self.found.get(self.chosen).map(|(index, _)| *index).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<PickItem> {
        ["alpha", "beta", "gamma", "delta", "epsilon"]
            .map(|label| PickItem { label: label.to_owned(), ..PickItem::default() })
            .to_vec()
    }

    fn run(several: bool, keys: Vec<Key>) -> Option<Picked> {
        let items = items();
        let options = PickerOptions { several, rows: Some(2), ..PickerOptions::default() };
        let mut list = List::new(&items, &options);
        keys.into_iter().find_map(|key| list.key(key))
    }

    #[test]
    fn keys_lead_to_a_choice() {
        let type_ = |text: &str| text.chars().map(Key::Char).collect::<Vec<_>>();
        let with = |text: &str, keys: &[Key]| [type_(text), keys.to_vec()].concat();
        let one = |index| Some(Picked::Items(vec![index]));
        for (several, keys, expect) in [
            (false, vec![Key::Enter], one(0)),
            (false, with("ga", &[Key::Enter]), one(2)),
            (false, vec![Key::Down, Key::Down, Key::Enter], one(2)),
            (false, vec![Key::Up, Key::Enter], one(4)),
            (false, vec![Key::PageDown, Key::PageDown, Key::PageUp, Key::Enter], one(2)),
            (false, vec![Key::EndOfList, Key::Down, Key::Enter], one(0)),
            (false, with("zz", &[Key::Enter]), None),
            (false, with("zz", &[Key::Enter, Key::DeleteAll, Key::Enter]), one(0)),
            (false, with("a b", &[Key::DeleteWord, Key::DeleteWord, Key::Enter]), one(0)),
            (false, vec![Key::Paste("del\nx".to_owned()), Key::Enter], one(3)),
            (false, vec![Key::Escape], Some(Picked::Nothing)),
            (false, vec![Key::End], Some(Picked::Nothing)),
            (
                true,
                vec![Key::Down, Key::Tab, Key::Tab, Key::Tab, Key::Up, Key::Tab, Key::Enter],
                Some(Picked::Items(vec![1, 2])),
            ),
        ] {
            let shown = format!("{keys:?}");
            assert_eq!(run(several, keys), expect, "{shown}");
        }
    }
}
