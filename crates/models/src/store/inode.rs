//! What files take on the disk, where one may have several names.

use std::collections::BTreeMap;
use std::fs::Metadata;

/// A file, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    /// The disk and the number on it; `None` where the system does not tell.
    pub id: Option<(u64, u64)>,
    /// How many names it has.
    pub links: u64,
    /// What it takes on the disk: less than its length where it has holes.
    pub bytes: u64,
}

impl Inode {
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        // The unit of POSIX, whatever the disk's own blocks are.
        let bytes = meta.blocks() * 512;
        Self { id: Some((meta.dev(), meta.ino())), links: meta.nlink(), bytes }
    }

    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Self {
        Self { id: None, links: 1, bytes: meta.len() }
    }
}

/// What a set of names takes: each file once.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Files by their identity, and how many names of each were counted.
    files: BTreeMap<(u64, u64), (u64, Inode)>,
    /// Files without an identity.
    others: u64,
}

impl Tally {
    /// Counts one name of a file.
    pub fn add(&mut self, inode: Inode) {
        match inode.id {
            Some(id) => self.files.entry(id).or_insert((0, inode)).0 += 1,
            None => self.others += inode.bytes,
        }
    }

    /// What the files take, each counted once.
    pub fn on_disk(&self) -> u64 {
        self.files.values().map(|(_, inode)| inode.bytes).sum::<u64>() + self.others
    }

    /// What would be free without these names: the files that have no others.
    pub fn freed(&self) -> u64 {
        let gone = self.files.values().filter(|(names, inode)| *names >= inode.links);
        gone.map(|(_, inode)| inode.bytes).sum::<u64>() + self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_names_is_free_when_both_are_gone() {
        let file = |number, links| Inode { id: Some((1, number)), links, bytes: 4096 };
        let mut tally = Tally::default();
        tally.add(file(1, 2));
        tally.add(file(2, 1));
        assert_eq!((tally.on_disk(), tally.freed()), (8192, 4096));
        tally.add(file(1, 2));
        assert_eq!((tally.on_disk(), tally.freed()), (8192, 8192));
        tally.add(Inode { id: None, links: 1, bytes: 5 });
        assert_eq!((tally.on_disk(), tally.freed()), (8197, 8197));
    }
}
