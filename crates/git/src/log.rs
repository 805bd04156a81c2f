//! The answer of `git log`.

/// The fields of a commit, each ended by the unit separator.
pub const FORMAT: &str = "--format=%H%x1f%an%x1f%at%x1f%s%x1f%b";

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name, in full.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When, in seconds since 1970, UTC.
    pub authored_at_s: i64,
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message.
    pub body: String,
}

/// Reads the answer; `None` where it is not understood.
pub fn read(answer: &[u8]) -> Option<Vec<Commit>> {
    let text = String::from_utf8_lossy(answer);
    text.split('\0')
        .filter(|record| !record.trim().is_empty())
        .map(|record| {
            let mut fields = record.trim_start_matches('\n').splitn(5, '\u{1f}');
            Some(Commit {
                id: fields.next()?.to_owned(),
                author: fields.next()?.to_owned(),
                authored_at_s: fields.next()?.parse().ok()?,
                subject: fields.next()?.to_owned(),
                body: fields.next()?.trim_end().to_owned(),
            })
        })
        .collect()
}
