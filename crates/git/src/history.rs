//! What was said of which files: messages beside the paths that they changed.

use mlxcode_base::RelPath;

/// Each record begins with a zero byte. As fields end with one, and neither a
/// name nor a path is empty, an empty field tells where a record begins.
pub const FORMAT: &str = "--format=%x00%H%x00%at%x00%B";

/// A commit and the files that it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit's name, in full.
    pub id: String,
    /// When it was written, in seconds since 1970, UTC; 0 where it does not
    /// tell.
    pub authored_at_s: i64,
    /// Its message.
    pub message: String,
    /// The files that it changed, added or removed.
    pub paths: Vec<RelPath>,
}

/// Reads the answer of `git log -z --name-only`; `None` where it is not
/// understood.
pub fn read(answer: &[u8]) -> Option<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    let mut fields = answer.split(|byte| *byte == 0);
    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    // What follows the last zero byte.
    let mut rest = fields.next_back().filter(|last| last.is_empty());
    if answer.is_empty() {
        return Some(changes);
    }
    rest.take()?;
    while let Some(field) = fields.next() {
        if field.is_empty() {
            let (id, time, message) = (fields.next()?, fields.next()?, fields.next()?);
            changes.push(Change {
                id: text(id),
                authored_at_s: text(time).parse().unwrap_or(0),
                message: text(message).trim_end().to_owned(),
                paths: Vec::new(),
            });
            continue;
        }
        // The first path stands on a line of its own.
        let name = field.strip_prefix(b"\n").unwrap_or(field);
        let name = std::str::from_utf8(name).ok();
        // A name that is no path of ours is none of our files.
        if let Some(path) = name.and_then(|name| RelPath::new(name).ok()) {
            changes.last_mut()?.paths.push(path);
        }
    }
    Some(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_a_message_and_its_paths() {
        let answer = b"\0a1\x005\0Fix it.\n\nBody\n\0\nsrc/a.rs\0b\0\0a2\0x\0\0\0a3\x007\0m\0\nc\0";
        let changes = read(answer).unwrap();
        let told: Vec<_> = changes
            .iter()
            .map(|one| (one.id.as_str(), one.authored_at_s, one.message.as_str(), one.paths.len()))
            .collect();
        assert_eq!(told, [("a1", 5, "Fix it.\n\nBody", 2), ("a2", 0, "", 0), ("a3", 7, "m", 1)]);
        assert_eq!(changes[0].paths[0].as_str(), "src/a.rs");
        assert_eq!(read(b""), Some(Vec::new()));
        assert_eq!(read(b"\0a1\x005"), None);
        assert_eq!(read(b"a\0"), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in prop::collection::vec(0_u8..4, 0..40)) {
            read(&answer);
        }
    }
}
