//! Asking for memory before it is read.

/// Asks for `len` bytes from an address on, of which nothing need be there. A
/// machine that cannot be asked reads them later.
#[inline(always)]
pub fn prefetch(from: *const u8, len: usize) {
    ask::<false>(from, len);
}

/// The same, into the second cache, which can wait for more lines at once: for
/// what is read a while later.
#[inline(always)]
pub fn prefetch_far(from: *const u8, len: usize) {
    ask::<true>(from, len);
}

#[inline(always)]
fn ask<const FAR: bool>(from: *const u8, len: usize) {
    for line in (0..len).step_by(64) {
        // SAFETY: a prefetch of any address does no harm; every x86-64 has it.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
            let at = from.wrapping_add(line).cast();
            if FAR { _mm_prefetch::<_MM_HINT_T1>(at) } else { _mm_prefetch::<_MM_HINT_T0>(at) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (from, line);
    }
}
