//! Finds what was done to the log.

use std::collections::HashSet;
use std::fmt;

use mlxcode_base::ContentHash;

use super::Head;
use super::line::{self, Line};

/// What is wrong with the log at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFinding {
    /// The file of the log; empty where the log as a whole is meant.
    pub file: String,
    /// The line of that file, from one; 0 where no line is left to show.
    pub line: usize,
    /// What is wrong.
    pub flaw: AuditFlaw,
}

/// What was done to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditFlaw {
    /// It does not fit its own hash.
    Changed {
        /// Its number, as its neighbours tell.
        seq: u64,
    },
    /// Lines are missing in front of it, or at the end.
    Missing {
        /// The number of the first one.
        first: u64,
        /// The number of the last one.
        last: u64,
    },
    /// It is none of the log's.
    Inserted,
    /// It stands in another place than it was written.
    Moved {
        /// Its number.
        seq: u64,
    },
    /// It does not continue the line before: one of the two was written anew.
    Rewritten {
        /// Its number.
        seq: u64,
    },
    /// The last line is not the one that the head names.
    NotTheHead {
        /// Its number.
        seq: u64,
    },
    /// `head.json` is missing or cannot be read, so lines may be missing at the end.
    NoHead,
    /// The log does not go through the head that was noted elsewhere.
    NotNoted {
        /// The head that was noted.
        hash: ContentHash,
    },
}

impl fmt::Display for AuditFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { seq } => write!(f, "record {seq} was changed"),
            Self::Missing { first, last } if first == last => {
                write!(f, "record {first} is missing")
            }
            Self::Missing { first, last } => write!(f, "records {first} to {last} are missing"),
            Self::Inserted => f.write_str("this line was added by something else"),
            Self::Moved { seq } => write!(f, "record {seq} stands in another place than written"),
            Self::Rewritten { seq } => {
                write!(
                    f,
                    "record {seq} does not continue the one before: one of them was rewritten"
                )
            }
            Self::NotTheHead { seq } => {
                write!(f, "record {seq}, the last one, is not what the head says: it was rewritten")
            }
            Self::NoHead => {
                f.write_str("head.json is missing or damaged, so the end may be missing")
            }
            Self::NotNoted { hash } => write!(f, "the log does not go through {hash}"),
        }
    }
}

/// What [`Journal::verify_audit`](crate::Journal::verify_audit) found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditReport {
    /// How many lines are as they were written.
    pub sound: usize,
    /// The number of the last line, as the head says.
    pub last_seq: u64,
    /// Its hash: noted elsewhere, it shows later that nothing before it changed.
    pub head: Option<ContentHash>,
    /// How many older lines the log has dropped to keep its limit.
    pub dropped: u64,
    /// What is wrong, in order; nothing where the log is as it was written.
    pub findings: Vec<AuditFinding>,
}

impl AuditReport {
    /// Whether every line is as it was written, as far as the chain can tell.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A line of a file.
#[derive(Clone)]
struct Place<'l> {
    file: &'l str,
    line: usize,
}

struct Check<'l> {
    findings: Vec<AuditFinding>,
    /// Lines that do not fit their own hash, since the last one that does.
    bad: Vec<Place<'l>>,
    /// Numbers that were not seen where they belong.
    missing: Vec<(u64, AuditFinding)>,
    seen: HashSet<u64>,
    last_seq: u64,
    last_hash: Option<ContentHash>,
    sound: usize,
}

/// Looks at all lines of `segments` in order.
pub fn verify(
    segments: &[(Vec<u8>, String)],
    head: Option<&Head>,
    noted: Option<ContentHash>,
) -> AuditReport {
    let start = head.cloned().unwrap_or_else(Head::empty);
    let mut check = Check {
        findings: Vec::new(),
        bad: Vec::new(),
        missing: Vec::new(),
        seen: HashSet::new(),
        last_seq: start.first - 1,
        last_hash: Some(start.first_previous),
        sound: 0,
    };
    let mut was_noted = noted.is_none() || noted == Some(start.first_previous);
    for (bytes, file) in segments {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for (number, raw) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if bytes.is_empty() {
                continue;
            }
            let place = Place { file, line: number + 1 };
            match line::decode(raw) {
                Some(line) => {
                    was_noted |= noted == Some(line.hash);
                    check.good(&line, place);
                }
                None => check.bad.push(place),
            }
        }
    }
    check.end(head);
    if let Some(hash) = noted.filter(|_| !was_noted) {
        check.findings.push(whole_log(AuditFlaw::NotNoted { hash }));
    }
    AuditReport {
        sound: check.sound,
        last_seq: start.seq,
        head: head.map(|head| head.hash),
        dropped: start.first - 1,
        findings: check.findings,
    }
}

fn whole_log(flaw: AuditFlaw) -> AuditFinding {
    AuditFinding { file: String::new(), line: 0, flaw }
}

impl Place<'_> {
    fn finding(&self, flaw: AuditFlaw) -> AuditFinding {
        AuditFinding { file: self.file.to_owned(), line: self.line, flaw }
    }
}

impl Check<'_> {
    /// A line that fits its own hash.
    fn good(&mut self, line: &Line, place: Place<'_>) {
        let seq = line.record.seq;
        if seq <= self.last_seq {
            // An earlier number: moved here from where it is missing, or a copy.
            let moved = self.seen.insert(seq);
            self.missing.retain(|(missing, _)| *missing != seq);
            let flaw = if moved { AuditFlaw::Moved { seq } } else { AuditFlaw::Inserted };
            self.findings.push(place.finding(flaw));
            return;
        }
        let follows = seq == self.last_seq + 1;
        self.account_for_bad(seq, Some(&place));
        if follows && self.last_hash.is_some_and(|hash| hash != line.previous) {
            self.findings.push(place.finding(AuditFlaw::Rewritten { seq }));
        } else {
            self.sound += 1;
        }
        self.seen.insert(seq);
        (self.last_seq, self.last_hash) = (seq, Some(line.hash));
    }

    /// The bad lines in front of number `next` take the numbers that are
    /// missing there; further ones are none of the log's.
    fn account_for_bad(&mut self, next: u64, at: Option<&Place<'_>>) {
        let mut seq = self.last_seq + 1;
        for bad in std::mem::take(&mut self.bad) {
            if seq < next {
                self.findings.push(bad.finding(AuditFlaw::Changed { seq }));
                self.seen.insert(seq);
                seq += 1;
            } else {
                self.findings.push(bad.finding(AuditFlaw::Inserted));
            }
        }
        // A number may be claimed by whoever writes the log: no loop over it.
        if seq < next {
            let flaw = AuditFlaw::Missing { first: seq, last: next - 1 };
            let finding = at.map_or_else(|| whole_log(flaw.clone()), |at| at.finding(flaw.clone()));
            if next - seq <= 4096 {
                for one in seq..next {
                    let flaw = AuditFlaw::Missing { first: one, last: one };
                    self.missing.push((one, AuditFinding { flaw, ..finding.clone() }));
                }
            } else {
                self.findings.push(finding);
            }
        }
    }

    fn end(&mut self, head: Option<&Head>) {
        match head {
            Some(head) if self.last_seq < head.seq => {
                self.account_for_bad(head.seq + 1, None);
            }
            Some(head) => {
                // What stands behind the head was added by something else.
                self.account_for_bad(self.last_seq + 1, None);
                if self.last_seq > head.seq {
                    let flaw = AuditFlaw::Inserted;
                    self.findings.push(whole_log(flaw));
                } else if self.last_hash.is_some_and(|hash| hash != head.hash) && head.seq > 0 {
                    self.findings.push(whole_log(AuditFlaw::NotTheHead { seq: head.seq }));
                }
            }
            None => {
                self.account_for_bad(self.last_seq + 1, None);
                if self.last_seq > 0 {
                    self.findings.push(whole_log(AuditFlaw::NoHead));
                }
            }
        }
        // Numbers in a row are one finding.
        let mut missing = std::mem::take(&mut self.missing).into_iter().peekable();
        while let Some((first, finding)) = missing.next() {
            let mut last = first;
            while let Some((next, _)) = missing.next_if(|(next, _)| *next == last + 1) {
                last = next;
            }
            self.findings
                .push(AuditFinding { flaw: AuditFlaw::Missing { first, last }, ..finding });
        }
        self.findings
            .sort_by_key(|finding| (finding.line == 0, finding.file.clone(), finding.line));
    }
}
