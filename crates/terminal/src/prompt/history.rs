//! Past inputs.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reedline::{
    CommandLineSearch, HistoryItem, HistoryItemId, HistorySessionId, ReedlineError,
    ReedlineErrorVariants, SearchDirection, SearchQuery,
};

use super::paste::Pastes;
use crate::{Error, Result};

/// Inputs that are kept; nobody looks further back.
const MOST_ENTRIES: usize = 5000;
/// A longer input is kept until the program ends, not in the file.
const LONGEST_ENTRY_BYTES: usize = 16 << 10;
/// So much of the end of the file is read.
const MOST_FILE_BYTES: u64 = 16 << 20;

/// Past inputs, the newest last, none twice. In the file each is a line, a
/// JSON string, so that an input may have many lines.
#[derive(Debug)]
pub(super) struct Entries {
    items: VecDeque<(i64, String)>,
    next: i64,
    path: Option<PathBuf>,
    pastes: Pastes,
}

impl Entries {
    /// Reads the file, if there is one.
    pub fn open(path: Option<PathBuf>, pastes: Pastes) -> Result<Self> {
        let mut entries = Self { items: VecDeque::new(), next: 1, path, pastes };
        if let Some(path) = entries.path.clone() {
            entries.load(&path).map_err(|source| Error::History { path, source })?;
        }
        Ok(entries)
    }

    fn load(&mut self, path: &Path) -> io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let lines = self.read(&mut file)?;
        if lines > MOST_ENTRIES * 2 {
            // Most of the file is past its time. Read anew under the lock, it
            // has what another process wrote meanwhile.
            let mut file = open(path)?;
            file.lock()?;
            self.items.clear();
            self.read(&mut file)?;
            let text: String = self.items.iter().filter_map(|(_, text)| encoded(text)).collect();
            file.seek(SeekFrom::Start(0))?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
        }
        Ok(())
    }

    fn read(&mut self, file: &mut File) -> io::Result<usize> {
        let length = file.metadata()?.len();
        let skipped = length.saturating_sub(MOST_FILE_BYTES);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(MOST_FILE_BYTES).read_to_end(&mut bytes)?;
        let mut lines = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            lines += 1;
            // A line that was cut off, or that another program wrote.
            if let Ok(text) = serde_json::from_slice::<String>(line) {
                self.push(text);
            }
        }
        Ok(if skipped > 0 { usize::MAX } else { lines })
    }

    /// Adds an input to the end; one that is there already moves.
    fn push(&mut self, text: String) -> i64 {
        if let Some(at) = self.items.iter().position(|(_, same)| *same == text) {
            self.items.remove(at);
        }
        while self.items.len() >= MOST_ENTRIES {
            self.items.pop_front();
        }
        let id = self.next;
        self.next += 1;
        self.items.push_back((id, text));
        id
    }

    /// Keeps an input, unless it is empty or begins with a space.
    pub fn add(&mut self, typed: &str) -> io::Result<Option<i64>> {
        let typed = typed.trim_end();
        if typed.is_empty() || typed.starts_with(' ') {
            return Ok(None);
        }
        let expanded = self.pastes.expanded(typed);
        if expanded.len() > LONGEST_ENTRY_BYTES {
            return Ok(Some(self.push(typed.to_owned())));
        }
        let newest = self.items.back().is_some_and(|(_, last)| *last == expanded);
        let line = encoded(&expanded);
        let id = self.push(expanded);
        if let (Some(path), Some(line), false) = (&self.path, line, newest) {
            let mut file = open(path)?;
            file.lock()?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(line.as_bytes())?;
        }
        Ok(Some(id))
    }

    fn item(id: i64, text: &str) -> HistoryItem {
        let mut item = HistoryItem::from_command_line(text);
        item.id = Some(HistoryItemId::new(id));
        item
    }
}

/// Opens the file for this user alone: inputs are private.
#[allow(clippy::disallowed_methods, reason = "a history is no file of a tree")]
fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn encoded(text: &str) -> Option<String> {
    Some(serde_json::to_string(text).ok()? + "\n")
}

impl reedline::History for Entries {
    fn save(&mut self, item: HistoryItem) -> reedline::Result<HistoryItem> {
        match self.add(&item.command_line)? {
            Some(id) => Ok(HistoryItem { id: Some(HistoryItemId::new(id)), ..item }),
            None => Ok(item),
        }
    }

    fn load(&self, id: HistoryItemId) -> reedline::Result<HistoryItem> {
        self.items
            .iter()
            .find(|(item, _)| *item == id.0)
            .map(|(id, text)| Self::item(*id, text))
            .ok_or(ReedlineError(ReedlineErrorVariants::OtherHistoryError("no such entry")))
    }

    fn count(&self, query: SearchQuery) -> reedline::Result<i64> {
        Ok(self.search(query)?.len() as i64)
    }

    fn search(&self, query: SearchQuery) -> reedline::Result<Vec<HistoryItem>> {
        let backward = query.direction == SearchDirection::Backward;
        let after = |id: i64, bound: Option<HistoryItemId>, down: bool| {
            bound.is_none_or(|bound| if down { id < bound.0 } else { id > bound.0 })
        };
        let fits = |item: &&(i64, String)| {
            let (id, text) = *item;
            after(*id, query.start_id, backward)
                && after(*id, query.end_id, !backward)
                && match &query.filter.command_line {
                    None => true,
                    Some(CommandLineSearch::Prefix(prefix)) => text.starts_with(prefix),
                    Some(CommandLineSearch::Substring(part)) => {
                        text.to_lowercase().contains(&part.to_lowercase())
                    }
                    Some(CommandLineSearch::Exact(exact)) => text == exact,
                }
        };
        let limit = query.limit.map_or(usize::MAX, |limit| limit.max(0) as usize);
        let item = |(id, text): &(i64, String)| Self::item(*id, text);
        Ok(if backward {
            self.items.iter().rev().filter(fits).take(limit).map(item).collect()
        } else {
            self.items.iter().filter(fits).take(limit).map(item).collect()
        })
    }

    fn update(
        &mut self,
        _: HistoryItemId,
        _: &dyn Fn(HistoryItem) -> HistoryItem,
    ) -> reedline::Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> reedline::Result<()> {
        self.items.clear();
        Ok(())
    }

    fn delete(&mut self, id: HistoryItemId) -> reedline::Result<()> {
        self.items.retain(|(item, _)| *item != id.0);
        Ok(())
    }

    /// Each input is written when it comes.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn session(&self) -> Option<HistorySessionId> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &Entries) -> Vec<&str> {
        entries.items.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn inputs_are_kept_once_and_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("history");
        let mut entries = Entries::open(Some(path.clone()), Pastes::default()).unwrap();
        for typed in ["one", "two\nlines", " secret", "", "one", "one"] {
            entries.add(typed).unwrap();
        }
        assert_eq!(texts(&entries), ["two\nlines", "one"]);
        let again = Entries::open(Some(path.clone()), Pastes::default()).unwrap();
        assert_eq!(texts(&again), ["two\nlines", "one"]);
        assert!(!std::fs::read_to_string(&path).unwrap().contains("secret"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_long_file_is_shortened_to_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let lines = MOST_ENTRIES * 2 + 7;
        let text: String = (0..lines).filter_map(|line| encoded(&line.to_string())).collect();
        std::fs::write(&path, text).unwrap();
        let entries = Entries::open(Some(path.clone()), Pastes::default()).unwrap();
        let kept: Vec<String> = (lines - MOST_ENTRIES..lines).map(|at| at.to_string()).collect();
        assert_eq!(texts(&entries), kept);
        let left = std::fs::read_to_string(&path).unwrap();
        assert_eq!(left.lines().count(), MOST_ENTRIES);
        let again = Entries::open(Some(path), Pastes::default()).unwrap();
        assert_eq!(texts(&again), kept);
    }

    #[test]
    fn a_damaged_line_loses_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, b"\"one\"\n{broken\n\xff\xfe\n\"two\"").unwrap();
        let entries = Entries::open(Some(path), Pastes::default()).unwrap();
        assert_eq!(texts(&entries), ["one", "two"]);
    }

    #[test]
    fn the_file_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let many: String = (0..MOST_ENTRIES * 2 + 5).map(|at| format!("\"{at}\"\n")).collect();
        std::fs::write(&path, many).unwrap();
        let entries = Entries::open(Some(path.clone()), Pastes::default()).unwrap();
        assert_eq!(entries.items.len(), MOST_ENTRIES);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), MOST_ENTRIES);
        assert_eq!(text.lines().last(), Some("\"10004\""));
    }

    #[test]
    fn a_long_paste_stays_out_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let pastes = Pastes::default();
        let mark = pastes.take(&"a long line\n".repeat(5000));
        let mut entries = Entries::open(Some(path.clone()), pastes).unwrap();
        entries.add(&format!("see {mark}")).unwrap();
        entries.add("short").unwrap();
        assert_eq!(texts(&entries), ["see [pasted 5,000 lines]", "short"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"short\"\n");
    }
}
