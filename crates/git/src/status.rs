//! The answer of `git status --porcelain=v2 -z`.

use mlxcode_base::RelPath;

use crate::repository::Head;

/// A file that differs from the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// The file.
    pub path: RelPath,
    /// Of a rename or a copy, where it came from.
    pub from: Option<RelPath>,
    /// How it differs.
    pub kind: StatusKind,
}

/// How a file differs from the last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusKind {
    /// Its content or mode changed.
    Modified,
    /// It is new and known to git.
    Added,
    /// It is gone.
    Deleted,
    /// It has another path.
    Renamed,
    /// It is new and unknown to git.
    Untracked,
    /// A merge left it with both versions.
    Conflicted,
}

/// Reads the answer; `None` where it is not understood. Paths that are not
/// UTF-8, or that [`RelPath`] refuses, are left out: nothing else here could
/// name them.
pub fn read(answer: &[u8]) -> Option<Vec<FileStatus>> {
    let mut files = Vec::new();
    let mut fields = answer.split(|byte| *byte == 0);
    while let Some(field) = fields.next() {
        let Some((kind, rest)) = split_once(field, b' ') else {
            if field.is_empty() {
                continue;
            }
            return None;
        };
        let (path, from, kind) = match kind {
            b"?" => (rest, None, StatusKind::Untracked),
            b"!" | b"#" => continue,
            b"1" => (after(rest, 7)?, None, of_letters(rest)?),
            b"2" => (after(rest, 8)?, Some(fields.next()?), of_pair(rest)?),
            b"u" => (after(rest, 9)?, None, StatusKind::Conflicted),
            _ => return None,
        };
        if let Some(path) = rel_path(path) {
            files.push(FileStatus { path, from: from.and_then(rel_path), kind });
        }
    }
    Some(files)
}

/// Reads the heading lines of `--branch`.
pub fn read_head(answer: &[u8]) -> Option<Head> {
    let mut head = Head { branch: None, commit: None };
    let mut seen = false;
    for field in answer.split(|byte| *byte == 0) {
        let Ok(line) = std::str::from_utf8(field) else { continue };
        if let Some(commit) = line.strip_prefix("# branch.oid ") {
            seen = true;
            head.commit = Some(commit.to_owned()).filter(|commit| commit != "(initial)");
        } else if let Some(branch) = line.strip_prefix("# branch.head ") {
            head.branch = Some(branch.to_owned()).filter(|branch| branch != "(detached)");
        }
    }
    seen.then_some(head)
}

/// What follows `count` words.
fn after(mut rest: &[u8], count: usize) -> Option<&[u8]> {
    for _ in 0..count {
        rest = split_once(rest, b' ')?.1;
    }
    Some(rest)
}

/// The two letters, index and work tree, tell what became of the file.
fn of_letters(rest: &[u8]) -> Option<StatusKind> {
    let letters = rest.get(..2)?;
    Some(if letters.contains(&b'D') {
        StatusKind::Deleted
    } else if letters.contains(&b'A') {
        StatusKind::Added
    } else {
        StatusKind::Modified
    })
}

/// A pair of paths is a rename, but where the new file is gone again or the old
/// one stayed.
fn of_pair(rest: &[u8]) -> Option<StatusKind> {
    let letters = rest.get(..2)?;
    Some(if letters.contains(&b'D') {
        StatusKind::Deleted
    } else if letters.contains(&b'C') {
        StatusKind::Added
    } else {
        StatusKind::Renamed
    })
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|byte| *byte == at)?;
    Some((&bytes[..position], &bytes[position + 1..]))
}

fn rel_path(bytes: &[u8]) -> Option<RelPath> {
    RelPath::new(std::str::from_utf8(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_or_foreign_answer_is_refused() {
        for answer in ["1 .M N... 100644", "2 R. N... 1 2 3 4 5 R100 to.rs", "3 x", "garbage"] {
            assert_eq!(read(answer.as_bytes()), None, "{answer}");
        }
        assert_eq!(read_head(b"1 .M"), None);
    }

    #[test]
    fn reads_every_kind_of_line() {
        let answer = b"# branch.oid abc\0# branch.head main\0\
            1 .M N... 100644 100644 100644 1 2 src/a b.rs\0\
            1 A. N... 000000 100644 100644 1 2 new.rs\0\
            1 .D N... 100644 100644 000000 1 2 gone.rs\0\
            2 R. N... 100644 100644 100644 1 2 R100 to.rs\0from.rs\0\
            2 .C N... 100644 100644 100644 1 2 C75 copy.rs\0from.rs\0\
            u UU N... 100644 100644 100644 100644 1 2 3 both.rs\0\
            ? loose.rs\0";
        let files = read(answer).unwrap();
        let shown: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.kind)).collect();
        assert_eq!(
            shown,
            [
                ("src/a b.rs", StatusKind::Modified),
                ("new.rs", StatusKind::Added),
                ("gone.rs", StatusKind::Deleted),
                ("to.rs", StatusKind::Renamed),
                ("copy.rs", StatusKind::Added),
                ("both.rs", StatusKind::Conflicted),
                ("loose.rs", StatusKind::Untracked),
            ]
        );
        assert_eq!(files[3].from.as_ref().map(RelPath::as_str), Some("from.rs"));
        let head = read_head(answer).unwrap();
        assert_eq!((head.branch.as_deref(), head.commit.as_deref()), (Some("main"), Some("abc")));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in prop::collection::vec(any::<u8>(), 0..80)) {
            read(&answer);
            read_head(&answer);
        }

        #[test]
        fn an_answer_cut_anywhere_is_read_or_refused(
            lines in prop::collection::vec("[12u?!#] [.MADRCU]{2} N\\.\\.\\.( [0-9a-f]{1,4}){0,8} [a-c /\0]{0,6}\0", 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let whole = lines.concat();
            let cut = cut.index(whole.len() + 1);
            read(&whole.as_bytes()[..cut]);
        }
    }
}
