//! Whether a tree is as it was a moment ago, without listing it.
//!
//! A file that is written gets another time, and so does a folder in which
//! something comes or goes. Asking for the times of all that was listed takes a
//! fraction of listing it again by its rules.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::Updated;
use super::update::UNSURE_NS;
use crate::stamp::Stamp;
use crate::walk::{ListedFolder, OpenFolder, RULES, WalkOptions, threads};
use crate::watch::silent;

/// How long a glance is trusted: what it cannot see, such as the rules of a
/// repository inside of this one, is seen after this time.
const TRUSTED: Duration = Duration::from_mins(1);

/// The rules of a repository that lie in none of its folders.
const EXCLUDE: &str = ".git/info/exclude";

/// A tree as it was listed, and what the index was then.
#[derive(Debug)]
pub struct Glance {
    folders: Vec<ListedFolder>,
    /// Files of rules outside of the tree, which need not be there.
    outside: Vec<(PathBuf, Option<Stamp>)>,
    /// What the update told.
    pub updated: Updated,
    /// The index's version for this connection.
    pub version: i64,
    made: Instant,
}

impl Glance {
    /// Notes what was listed at `now`, in nanoseconds since 1970. `None` where
    /// times tell too little: something changed this moment, could not be read,
    /// or lies where others change it unseen.
    pub fn of(
        folders: Vec<ListedFolder>,
        root: &Path,
        options: &WalkOptions,
        now: i64,
        updated: &Updated,
        version: i64,
    ) -> Option<Self> {
        let is_sure = |stamp: Stamp| stamp.changed_ns != 0 && stamp.changed_ns < now - UNSURE_NS;
        let within = |folder: &ListedFolder| {
            is_sure(folder.stamp) && folder.files.iter().all(|(_, stamp)| is_sure(*stamp))
        };
        if updated.skipped.unreadable > 0 || !folders.iter().all(within) || silent(root).is_some() {
            return None;
        }
        let rules = options.rules.iter().cloned();
        let above = root.ancestors().skip(1);
        let above =
            above.flat_map(|folder| RULES.iter().chain(&[EXCLUDE]).map(|rule| folder.join(rule)));
        let outside = rules.chain(above).chain([root.join(EXCLUDE)]);
        let outside: Vec<_> = outside
            .map(|path| {
                let stamp = Stamp::of(&path);
                (path, stamp)
            })
            .collect();
        if !outside.iter().filter_map(|(_, stamp)| *stamp).all(is_sure) {
            return None;
        }
        let told = Updated {
            unchanged: updated.unchanged + updated.added + updated.changed,
            skipped: updated.skipped,
            ..Updated::default()
        };
        Some(Self { folders, outside, updated: told, version, made: Instant::now() })
    }

    /// Whether all of it is as it was.
    pub fn holds(&self) -> bool {
        if self.made.elapsed() > TRUSTED {
            return false;
        }
        let each = self.folders.len().div_ceil(threads()).max(1);
        thread::scope(|scope| {
            let parts = self.folders.chunks(each);
            let looks: Vec<_> =
                parts.map(|part| scope.spawn(move || part.iter().all(holds))).collect();
            looks.into_iter().all(|look| look.join().unwrap_or(false))
                && self.outside.iter().all(|(path, stamp)| Stamp::of(path) == *stamp)
        })
    }
}

/// Whether a folder and its files are as they were.
fn holds(listed: &ListedFolder) -> bool {
    // It was no link when it was listed, but the root, which has none in its
    // path.
    let Ok(folder) = OpenFolder::open(&listed.path, false) else { return false };
    folder.stamp() == Some(listed.stamp)
        && listed.files.iter().all(|(name, stamp)| folder.stamp_of(name) == Some(*stamp))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
mod tests {
    use std::fs;

    use mlxcode_base::{CancelToken, Root};
    use tempfile::TempDir;

    use super::*;
    use crate::walk::list;

    /// What a glance says after something was done to a small tree.
    fn holds_after(change: impl FnOnce(&Path)) -> bool {
        let folder: TempDir = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("deep/er")).unwrap();
        for (name, text) in [
            ("a.py", "a = 1\n"),
            ("deep/er/b.py", "b = 1\n"),
            ("deep/.gitignore", "*.log\n"),
            ("deep/x.log", "x"),
        ] {
            fs::write(tree.join(name), text).unwrap();
        }
        let (root, options) = (Root::open(&tree).unwrap(), WalkOptions::default());
        let listing = list(&root, &options, &CancelToken::new()).unwrap();
        // As though all of this had been here for long.
        let now = i64::MAX;
        let glance =
            Glance::of(listing.folders, root.path(), &options, now, &Updated::default(), 1);
        // The system counts time in steps of some milliseconds.
        thread::sleep(Duration::from_millis(20));
        change(&tree);
        glance.unwrap().holds()
    }

    #[test]
    fn whatever_changes_the_listing_is_seen() {
        assert!(holds_after(|_| {}));
        let write = |name: &'static str, text: &'static str| {
            move |tree: &Path| fs::write(tree.join(name), text).unwrap()
        };
        assert!(!holds_after(write("a.py", "a = 2\n")), "the same length");
        assert!(!holds_after(write("deep/er/c.py", "c")), "a new file");
        assert!(!holds_after(write("deep/.gitignore", "*.py\n")), "rules");
        assert!(!holds_after(write(".mlxignore", "a.py\n")), "new rules");
        assert!(!holds_after(write("../.gitignore", "a.py\n")), "rules above");
        assert!(!holds_after(|tree| fs::remove_file(tree.join("deep/er/b.py")).unwrap()));
        assert!(!holds_after(|tree| fs::rename(tree.join("a.py"), tree.join("d.py")).unwrap()));
        assert!(!holds_after(|tree| fs::create_dir(tree.join("deep/new")).unwrap()));
        assert!(!holds_after(|tree| {
            fs::create_dir_all(tree.join(".git/info")).unwrap();
            fs::write(tree.join(".git/info/exclude"), "a.py\n").unwrap();
        }));
        // What the rules leave out may change as it likes.
        assert!(holds_after(write("deep/x.log", "other")));
    }

    #[test]
    fn what_changed_this_moment_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.py"), "a = 1\n").unwrap();
        let (root, options) = (Root::open(folder.path()).unwrap(), WalkOptions::default());
        let listing = list(&root, &options, &CancelToken::new()).unwrap();
        let listed = |folder: &ListedFolder| {
            let files = folder.files.iter().map(|(_, stamp)| stamp.changed_ns).max();
            files.max(Some(folder.stamp.changed_ns))
        };
        let newest = listing.folders.iter().filter_map(listed).max().unwrap();
        let glance = |now| {
            let folders = list(&root, &options, &CancelToken::new()).unwrap().folders;
            Glance::of(folders, root.path(), &options, now, &Updated::default(), 1).is_some()
        };
        assert!(!glance(newest) && !glance(newest + UNSURE_NS) && glance(newest + UNSURE_NS + 1));
    }
}
