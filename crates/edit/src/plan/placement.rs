use mlxcode_base::{LineRange, RelPath};

use super::draft::Draft;
use crate::format::EditBlock;
use crate::locate::MatchLevel;

/// Where an edit, or a hunk of one, was put.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// Which edit of the reply, from one.
    pub block: usize,
    /// The line of the reply that the edit begins on, from one.
    pub line: usize,
    /// The file.
    pub path: RelPath,
    /// The lines that it takes, as the file was before this edit; where it only
    /// inserts, an empty range that begins at the line below.
    pub lines: LineRange,
    /// What was overlooked to find them.
    pub level: MatchLevel,
    /// How alike they are, from 0 to 1; less than 1 only for
    /// [`MatchLevel::Scored`].
    pub similarity: f32,
}

impl Placement {
    /// The places of the edit that `draft` took last.
    pub(super) fn all(block: usize, edit: &EditBlock, draft: &mut Draft<'_>) -> Vec<Self> {
        let Some(path) = draft.name(&edit.path) else { return Vec::new() };
        let place = |placed: super::patch::Placed| Self {
            block,
            line: edit.line,
            path: path.clone(),
            lines: LineRange::new(placed.lines.start + 1, placed.lines.end),
            level: placed.level,
            similarity: placed.similarity,
        };
        draft.placed().into_iter().map(place).collect()
    }
}
