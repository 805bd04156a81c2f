//! The answer of `git log`.

/// The fields of a commit, each ended by a zero byte: the one byte that no
/// name and no message can hold.
pub const FORMAT: &str = "--format=%H%x00%an%x00%at%x00%s%x00%b";

/// How many fields [`FORMAT`] has.
const FIELDS: usize = 5;

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name, in full.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When, in seconds since 1970, UTC; 0 where the commit does not tell.
    pub authored_at_s: i64,
    /// The first paragraph of its message, as one line.
    pub subject: String,
    /// The rest of its message.
    pub body: String,
}

/// Reads the answer; `None` where it is not understood.
pub fn read(answer: &[u8]) -> Option<Vec<Commit>> {
    let fields: Vec<&[u8]> = match answer.strip_suffix(b"\0") {
        Some(answer) => answer.split(|byte| *byte == 0).collect(),
        None if answer.is_empty() => Vec::new(),
        None => return None,
    };
    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    let (commits, rest) = fields.as_chunks::<FIELDS>();
    if !rest.is_empty() {
        return None;
    }
    let commits = commits.iter().map(|[id, author, time, subject, body]| Commit {
        id: text(id),
        author: text(author),
        authored_at_s: text(time).parse().unwrap_or(0),
        subject: text(subject),
        body: text(body).trim_end().to_owned(),
    });
    Some(commits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_five_fields() {
        let commits = read(b"a1\0Ann\x1fe\x008\0s\0b\n\0a2\0\0\0\0\0").unwrap();
        assert_eq!((commits[0].author.as_str(), commits[0].authored_at_s), ("Ann\x1fe", 8));
        assert_eq!((commits[0].subject.as_str(), commits[0].body.as_str()), ("s", "b"));
        assert_eq!((commits[1].id.as_str(), commits[1].authored_at_s), ("a2", 0));
        assert_eq!(read(b""), Some(Vec::new()));
        assert_eq!(read(b"a1\0Ann\0"), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(answer in prop::collection::vec(0_u8..4, 0..40)) {
            read(&answer);
        }
    }
}
