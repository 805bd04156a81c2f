//! What search found.

use super::candidate::Candidate;
use super::context::{LeftOut, LeftOutReason};
use super::packer::Packer;
use super::piece::Reason;
use super::tree::{Found, Tree};
use crate::error::Result;

/// Passages that score below this part of the best one only distract.
const LEAST_SHARE: f32 = 0.3;

/// Passages of which this part of the lines is the same are twins.
const TWIN_SHARE: (usize, usize) = (4, 5);

/// More passages than this are never read with care.
pub const MOST_PASSAGES: usize = 24;

/// So many are asked for: those of a named file may rank low.
pub const MOST_RANKED: usize = 150;

/// Offers the good ones of the found passages, best first.
pub fn offer(packer: &mut Packer<'_>, found: Vec<Found>) -> Result<()> {
    let least = found.first().map_or(0.0, |best| best.score * LEAST_SHARE);
    let mut good: Vec<Found> = Vec::new();
    for one in found {
        if one.score < least || good.len() == MOST_PASSAGES {
            break;
        }
        packer.tree.check_cancelled()?;
        match good.iter().find(|better| is_twin(packer.tree, better, &one)) {
            Some(better) => {
                let of = format!("{}:{}", better.path, better.chunk.lines);
                let (what, lines) = (one.path.to_string(), Some(one.chunk.lines));
                packer.leave_out(LeftOut { what, lines, reason: LeftOutReason::Twin { of } });
            }
            None => good.push(one),
        }
    }
    for one in good {
        let Found { path, chunk, words, reasons, .. } = one;
        let reason =
            if words.is_empty() { Reason::Found { reasons } } else { Reason::Words { words } };
        packer.offer(Candidate::of_chunk(packer.tree, &path, chunk, reason));
    }
    Ok(())
}

/// Tells whether two passages are one of which the tree holds two copies, such
/// as the same source built for two module systems: the second tells nothing.
fn is_twin(tree: &Tree<'_>, one: &Found, other: &Found) -> bool {
    one.path != other.path
        && one.path.file_name() == other.path.file_name()
        && one.chunk.names == other.chunk.names
        && one.chunk.lines.count() == other.chunk.lines.count()
        && {
            let of = |found: &Found| tree.lines(&found.path, found.chunk.lines);
            let (one, other) = (of(one), of(other));
            let same = one.lines().zip(other.lines()).filter(|(a, b)| a == b).count();
            same * TWIN_SHARE.1 >= one.lines().count() * TWIN_SHARE.0
        }
}
