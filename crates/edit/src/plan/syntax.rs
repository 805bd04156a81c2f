//! Edits that were not placed exactly must not break their file.

use std::collections::HashSet;
use std::fmt;

use mlxcode_base::RelPath;

use super::Placement;
use super::draft::Draft;
use crate::locate::MatchLevel;
use crate::refusal::{Refusal, RefusalReason};

/// Tells how many syntax errors a file has. This crate knows no languages: who
/// does gives an answer here.
///
/// ```
/// use mlxcode_base::RelPath;
/// use mlxcode_edit::SyntaxCheck;
///
/// #[derive(Debug)]
/// struct Braces;
///
/// impl SyntaxCheck for Braces {
///     fn errors(&self, _path: &RelPath, text: &str) -> Option<usize> {
///         let count = |sign| text.matches(sign).count();
///         Some(count('{').abs_diff(count('}')))
///     }
/// }
/// ```
pub trait SyntaxCheck: fmt::Debug + Send + Sync {
    /// The number of errors in `text`, the content of `path`; `None` where the
    /// language is not known.
    fn errors(&self, path: &RelPath, text: &str) -> Option<usize>;
}

/// Refuses the edits that were not placed exactly in files that have more
/// errors after all edits than before.
pub fn broken(check: &dyn SyntaxCheck, draft: &Draft<'_>, places: &[Placement]) -> Vec<Refusal> {
    // Line ends are read the same by every language.
    let loose = |place: &&Placement| place.level > MatchLevel::LineEndings;
    let mut refused = HashSet::new();
    let mut refusals = Vec::new();
    for place in places.iter().filter(loose) {
        if !refused.insert(place.block) {
            continue;
        }
        let Some((before, after)) = draft.sides(&place.path) else { continue };
        let errors = |text| check.errors(&place.path, text);
        if let (Some(before), Some(after)) = (errors(before), errors(after))
            && after > before
        {
            refusals.push(Refusal {
                block: place.block,
                line: place.line,
                path: place.path.to_string(),
                reason: RefusalReason::BreaksSyntax { before, after },
                nearest: None,
            });
        }
    }
    refusals
}
