use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlxcode_base::{ContentHash, Language};

use crate::syntax::{ParseLimits, ParsedFile};

/// How many bytes a tree is taken to have for each byte of its text. The parser
/// does not say; a node of some ninety bytes, twenty of them in the flat
/// layout, stands for five to ten of text.
const TREE_FACTOR: usize = 16;

/// Parsed files by the hash of their text, so that a file that did not change
/// is not read again. The one that was used longest ago goes first, once all
/// take more than a number of bytes.
///
/// ```
/// use mlxcode_base::Language;
/// use mlxcode_context::ParseCache;
///
/// let cache = ParseCache::new(64 << 20);
/// let read = |text| cache.with(text, Language::Rust, |file| file.symbols().len());
/// assert_eq!(read("fn one() {}\n"), Some(1));
/// assert_eq!(read("fn one() {}\n"), Some(1));
/// assert_eq!(cache.len(), 1);
/// ```
#[derive(Debug)]
pub struct ParseCache {
    most_bytes: usize,
    limits: ParseLimits,
    inner: Mutex<Inner>,
}

type Key = (ContentHash, Language);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    /// Keys by when they were last used.
    order: BTreeMap<u64, Key>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    file: Arc<ParsedFile>,
    bytes: usize,
    used: u64,
}

impl ParseCache {
    /// Makes an empty cache that keeps at most so many bytes, texts and trees
    /// together.
    pub fn new(most_bytes: usize) -> Self {
        let inner = Mutex::new(Inner::default());
        Self { most_bytes, limits: ParseLimits::default(), inner }
    }

    /// Gives the parsed text to `look`, and parses it first where that was not
    /// done or was forgotten. `None` for a language without a grammar.
    pub fn with<T>(
        &self,
        text: &str,
        language: Language,
        look: impl FnOnce(&ParsedFile) -> T,
    ) -> Option<T> {
        let key = (ContentHash::of(text.as_bytes()), language);
        // Nobody waits while another parses or looks.
        let known = self.lock().touch(&key);
        let file = if let Some(file) = known {
            file
        } else {
            let file = Arc::new(ParsedFile::parse(text, language, &self.limits)?);
            let bytes = text.len() * (1 + TREE_FACTOR);
            self.lock().put(key, Arc::clone(&file), bytes, self.most_bytes);
            file
        };
        Some(look(&file))
    }

    /// How many files are kept.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no file is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes the kept files take, as nearly as that is known.
    pub fn size_bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is whole before anything in it can panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn touch(&mut self, key: &Key) -> Option<Arc<ParsedFile>> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        self.order.remove(&entry.used);
        entry.used = self.clock;
        self.order.insert(self.clock, *key);
        Some(Arc::clone(&entry.file))
    }

    fn put(&mut self, key: Key, file: Arc<ParsedFile>, bytes: usize, most_bytes: usize) {
        if bytes > most_bytes {
            return;
        }
        self.clock += 1;
        let entry = Entry { file, bytes, used: self.clock };
        self.order.insert(self.clock, key);
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, entry) {
            self.order.remove(&old.used);
            self.bytes -= old.bytes;
        }
        while self.bytes > most_bytes {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            if let Some(gone) = self.entries.remove(&oldest) {
                self.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let text = |number: usize| format!("fn f{number}() {{}}\n");
        let each = text(0).len() * (1 + TREE_FACTOR);
        let cache = ParseCache::new(3 * each);
        let read = |number| cache.with(&text(number), Language::Rust, |file| file.symbols().len());
        let kept = |number| {
            let key = (ContentHash::of(text(number).as_bytes()), Language::Rust);
            cache.lock().entries.contains_key(&key)
        };
        for number in [0, 1, 2, 0, 3] {
            assert_eq!(read(number), Some(1));
        }
        assert_eq!([0, 1, 2, 3].map(kept), [true, false, true, true]);
        assert_eq!((cache.len(), cache.size_bytes()), (3, 3 * each));
        // One that is larger than all room is read and not kept.
        assert_eq!(cache.with(&"fn a() {}\n".repeat(9), Language::Rust, |_| ()), Some(()));
        assert_eq!(cache.len(), 3);
        // The same text in another language is another file.
        cache.with(&text(3), Language::Go, |_| ());
        assert_eq!([0, 2, 3].map(kept), [true, false, true]);
    }
}
