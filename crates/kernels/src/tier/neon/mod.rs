//! ARM's vectors.

use crate::tier::{KernelsRef, Tier};

/// The kernels, where this machine can run them: none are written yet.
pub fn kernels(_tier: Tier) -> Option<KernelsRef> {
    None
}
