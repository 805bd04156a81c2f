//! AVX-512 with VNNI.

use crate::tier::KernelsRef;

/// The kernels, where this machine can run them: none are written yet.
pub fn kernels() -> Option<KernelsRef> {
    None
}
