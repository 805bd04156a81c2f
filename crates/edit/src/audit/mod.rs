//! Who changed which file, and who allowed what, in lines that are only ever
//! added.
//!
//! A folder beside the journal's entries: `000000000001.jsonl` and so on hold a
//! JSON object a line, named by the number of their first one, and `head.json`
//! says, apart from them, how far the log goes. Each line has the hash of the
//! one before it (`previous`) and of itself (`hash`: SHA-256 of the line's
//! bytes up to `,"hash"`), so that one that was changed, removed, added or
//! moved is found by [`verify`].
//!
//! What that shows and what not: the chain has no secret. Who may write the
//! folder can compute all hashes anew, the head's too, and nothing in the
//! folder tells. Against that helps a head that was noted elsewhere: as long as
//! the log still goes through it, nothing before it was changed.
//!
//! The log has at most [`MOST_SEGMENTS`] files of [`SEGMENT_BYTES`] and a turn;
//! then the oldest goes, which the head notes.

mod line;
mod record;
mod verify;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mlxcode_base::ContentHash;
use serde::{Deserialize, Serialize};

use crate::layer::{DiskOp, FileLayer, FileTraits, Folder, Opening, write_new};

pub use record::{AuditRecord, AuditTurn, Audited, AuditedDecision, AuditedFile};
pub use verify::{AuditFinding, AuditFlaw, AuditReport};

/// A file of the log that has as many bytes is not continued.
const SEGMENT_BYTES: u64 = 8 << 20;

/// The newest files that are kept.
const MOST_SEGMENTS: usize = 16;

const HEAD: &str = "head.json";

/// How far the log goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    version: u32,
    /// The number of the last line; 0 where there is none.
    seq: u64,
    /// Its hash.
    hash: ContentHash,
    /// The number of the first line of the file that it is in.
    segment: u64,
    /// How many bytes of that file count.
    size_bytes: u64,
    /// The number of the first line that is kept.
    first: u64,
    /// The hash of the one before it.
    first_previous: ContentHash,
}

impl Head {
    /// That of a log without a line.
    fn empty() -> Self {
        let none = ContentHash::of(b"");
        Self {
            version: 1,
            seq: 0,
            hash: none,
            segment: 1,
            size_bytes: 0,
            first: 1,
            first_previous: none,
        }
    }
}

/// The log of one tree.
#[derive(Debug)]
pub struct AuditLog {
    folder: Folder,
    segment_bytes: u64,
    most_segments: usize,
}

impl AuditLog {
    /// The log in an existing folder.
    pub fn new(folder: Folder) -> Self {
        Self { folder, segment_bytes: SEGMENT_BYTES, most_segments: MOST_SEGMENTS }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The number of the last line; 0 where there is none.
    pub fn last_seq(&self) -> io::Result<u64> {
        Ok(self.head()?.seq)
    }

    /// Adds the records that follow line `after`, unless they are there already:
    /// a crash may have come between adding them and noting it elsewhere.
    pub fn append(
        &self,
        layer: &dyn FileLayer,
        after: u64,
        records: &[AuditRecord],
    ) -> io::Result<()> {
        if self.read_head()?.is_none() && self.segments()?.is_empty() {
            // From now on, a missing head is one that was taken away.
            self.write_head(layer, &Head::empty())?;
        }
        let mut head = self.head()?;
        if head.seq > after || records.is_empty() {
            return Ok(());
        }
        if head.size_bytes >= self.segment_bytes {
            head = Head { segment: head.seq + 1, size_bytes: 0, ..head };
        }
        let name = segment_name(head.segment);
        let is_new = head.size_bytes == 0;
        let file = layer.open(self.folder.at(&name), Opening::Append)?;
        let mut bytes = Vec::new();
        let mut size_bytes = file.metadata()?.len();
        if size_bytes > head.size_bytes && self.is_earlier_try(&name, &head)? {
            size_bytes = head.size_bytes;
            layer.perform(DiskOp::Truncate { file: &file, size_bytes })?;
        } else if size_bytes != head.size_bytes
            && fs::read(self.place(&name))?.last().is_some_and(|last| *last != b'\n')
        {
            // Somebody cut the log or added to it: what follows stays apart
            // from that, and `verify` tells.
            bytes.push(b'\n');
        }
        for record in records {
            head.seq += 1;
            let record = AuditRecord { seq: head.seq, ..record.clone() };
            let (line, hash) = line::encode(&record, head.hash)?;
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            head.hash = hash;
        }
        layer.perform(DiskOp::Write { file: &file, bytes: &bytes })?;
        layer.perform(DiskOp::Sync(&file))?;
        if is_new {
            layer.perform(DiskOp::SyncDir(&self.folder))?;
        }
        head.size_bytes = size_bytes + bytes.len() as u64;
        let old = self.segments_to_drop(&mut head)?;
        self.write_head(layer, &head)?;
        for segment in old {
            // One that stays behind is not part of the log any more.
            let _ = layer.perform(DiskOp::Remove(self.folder.at(&segment_name(segment))));
        }
        Ok(())
    }

    /// All lines that can be read, oldest first, for being shown.
    pub fn records(&self) -> io::Result<Vec<AuditRecord>> {
        let mut records = Vec::new();
        let head = self.head()?;
        for segment in self.segments()?.into_iter().filter(|segment| *segment >= head.first) {
            let bytes = fs::read(self.place(&segment_name(segment)))?;
            let lines = bytes.split(|byte| *byte == b'\n');
            records.extend(lines.filter_map(line::decode).map(|line| line.record));
        }
        Ok(records)
    }

    /// Looks at every line. With `noted`, whether the log still goes through a
    /// head that was noted elsewhere.
    pub fn verify(&self, noted: Option<ContentHash>) -> io::Result<AuditReport> {
        let head = self.read_head()?;
        let first = head.as_ref().map_or(1, |head| head.first);
        let mut segments = Vec::new();
        for segment in self.segments()?.into_iter().filter(|segment| *segment >= first) {
            let name = segment_name(segment);
            segments.push((fs::read(self.place(&name))?, name));
        }
        Ok(verify::verify(&segments, head.as_ref(), noted))
    }

    /// Whether what stands behind the head is what a crash leaves: lines that
    /// continue it, the last one maybe half.
    fn is_earlier_try(&self, name: &str, head: &Head) -> io::Result<bool> {
        let bytes = fs::read(self.place(name))?;
        let from = usize::try_from(head.size_bytes).unwrap_or(usize::MAX);
        let mut rest = bytes.get(from..).unwrap_or_default();
        let mut hash = head.hash;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            match line::decode(&rest[..end]) {
                Some(line) if line.previous == hash => hash = line.hash,
                _ => return Ok(false),
            }
            rest = &rest[end + 1..];
        }
        Ok(true)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The numbers that the files are named by, in order.
    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut segments = Vec::new();
        for file in fs::read_dir(self.folder.path())? {
            let name = file?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
            segments.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
        }
        segments.sort_unstable();
        Ok(segments)
    }

    fn read_head(&self) -> io::Result<Option<Head>> {
        match fs::read(self.place(HEAD)) {
            // A head that cannot be read is one that is missing.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The head, or what can be said without one: the log goes on, and the gap
    /// stays to be seen.
    fn head(&self) -> io::Result<Head> {
        if let Some(head) = self.read_head()? {
            return Ok(head);
        }
        let Some(segment) = self.segments()?.pop() else { return Ok(Head::empty()) };
        let bytes = fs::read(self.place(&segment_name(segment)))?;
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(line::decode);
        let seq = lines.map(|line| line.record.seq).max().unwrap_or(segment);
        // Neither the number nor the hash of what follows fits what is there.
        let hash = ContentHash::of(b"the head was lost");
        let size_bytes = bytes.len() as u64;
        Ok(Head { seq: seq + 1, hash, segment, size_bytes, ..Head::empty() })
    }

    /// The files beyond the limit, and the head without them.
    fn segments_to_drop(&self, head: &mut Head) -> io::Result<Vec<u64>> {
        let mut segments = self.segments()?;
        segments.retain(|segment| *segment >= head.first);
        let surplus = segments.len().saturating_sub(self.most_segments);
        let Some(first) = segments.get(surplus).copied().filter(|_| surplus > 0) else {
            return Ok(Vec::new());
        };
        let bytes = fs::read(self.place(&segment_name(first)))?;
        let line = bytes.split(|byte| *byte == b'\n').next().and_then(line::decode);
        if let Some(line) = line {
            (head.first, head.first_previous) = (first, line.previous);
            segments.truncate(surplus);
            return Ok(segments);
        }
        // A damaged line is not what the log is to begin with.
        Ok(Vec::new())
    }

    fn write_head(&self, layer: &dyn FileLayer, head: &Head) -> io::Result<()> {
        let temp = self.folder.at("head.new");
        let bytes = serde_json::to_vec(head)?;
        let write = || {
            layer.perform(DiskOp::Remove(temp))?;
            write_new(layer, temp, &bytes, &FileTraits::PRIVATE)?;
            layer.perform(DiskOp::Rename { from: temp, to: HEAD.as_ref(), replace: true })?;
            layer.perform(DiskOp::SyncDir(&self.folder))
        };
        write().inspect_err(|_| {
            // On a full disk, half a file is in the way most of all.
            let _ = layer.perform(DiskOp::Remove(temp));
        })
    }
}

fn segment_name(segment: u64) -> String {
    format!("{segment:012}.jsonl")
}

#[cfg(test)]
mod tests;
