use super::config::PermissionRule;
use crate::session::{Mode, Verdict};

/// What was decided, by what, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ruling {
    /// Whether it may be done.
    pub answer: Answer,
    /// Why, in a clause that a person reads.
    pub why: String,
    /// What decided.
    pub by: DecidedBy,
}

/// Whether something may be done. The later ones are the stricter ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It is done.
    Allow,
    /// Somebody is asked.
    Ask,
    /// It is not done.
    Deny,
}

/// What decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecidedBy {
    /// A rule of a configuration.
    Rule {
        /// Whose configuration.
        source: RuleSource,
        /// The rule.
        rule: PermissionRule,
    },
    /// What somebody said earlier in the session.
    Grant {
        /// What was granted.
        grant: Grant,
    },
    /// The mode.
    Mode {
        /// Which.
        mode: Mode,
    },
    /// It is known to read and do nothing else.
    OnlyReads,
    /// It is a place that is asked for in every mode.
    Guarded,
    /// It lies outside of the root.
    Outside,
    /// It is not sure what it runs.
    Unsure,
    /// Commands are not confined on this machine.
    Unconfined,
}

/// Whose configuration a rule stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleSource {
    /// The user's.
    User,
    /// The project's.
    Project,
}

/// What somebody has allowed for the rest of a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grant {
    /// Commands that begin with these words.
    Prefix {
        /// The words.
        words: Vec<String>,
    },
    /// A command with these words and no others, or a whole line.
    Line {
        /// As it stood there.
        line: String,
    },
    /// A file, to be read or to be changed.
    Path {
        /// The file.
        path: String,
        /// Whether it may be changed.
        writes: bool,
    },
    /// A tool of a server.
    Tool {
        /// `SERVER/TOOL`.
        name: String,
    },
}

impl Ruling {
    pub(super) fn new(answer: Answer, why: impl Into<String>, by: DecidedBy) -> Self {
        Self { answer, why: why.into(), by }
    }

    /// The stricter of two; of equal ones the first.
    pub(super) fn and(self, other: Self) -> Self {
        if other.answer > self.answer { other } else { self }
    }

    /// As a session reads it; `why` is what the audit log keeps.
    pub fn verdict(self) -> Verdict {
        match self.answer {
            Answer::Allow => Verdict::Allow { rule: self.why },
            Answer::Ask => Verdict::Ask { why: self.why },
            Answer::Deny => Verdict::Deny { why: self.why },
        }
    }
}
