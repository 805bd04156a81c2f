//! Issues and changes of the repository, where it is published.

use std::fmt;

use super::words::words;

/// An issue or a change of the repository that a question names: `@issue:12`,
/// `@pr:12`, and `@mr:12` as GitLab says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Published {
    /// What it is.
    pub kind: PublishedKind,
    /// Its number.
    pub number: u64,
}

/// What is published beside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublishedKind {
    /// An issue.
    Issue,
    /// A pull request or a merge request.
    Change,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            PublishedKind::Issue => "issue",
            PublishedKind::Change => "pr",
        };
        write!(f, "@{kind}:{}", self.number)
    }
}

impl Published {
    /// Reads a word that stands behind an `@`.
    pub(super) fn read(word: &str) -> Option<Self> {
        let (kind, number) = word.split_once(':')?;
        let kind = match kind {
            "issue" => PublishedKind::Issue,
            "pr" | "mr" => PublishedKind::Change,
            _ => return None,
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number| is_number && *number > 0)?;
        Some(Self { kind, number })
    }
}

/// The issues and changes that a question names, each once, in its order.
pub fn published(question: &str) -> Vec<Published> {
    let mut found = Vec::new();
    for word in words(question).into_iter().filter(|word| word.is_marked) {
        if let Some(one) = Published::read(word.text)
            && !found.contains(&one)
        {
            found.push(one);
        }
    }
    found
}
