//! Memory that was freed, back to the system.

/// Gives the system back the pages that reading a model left free between what
/// stays: some twenty megabytes after a `tokenizer.json` of 151,936 tokens,
/// which the C library's allocator would keep for later.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back() {
    unsafe extern "C" {
        /// `malloc_trim(3)`.
        fn malloc_trim(keep_bytes: usize) -> std::ffi::c_int;
    }
    // SAFETY: the function takes a number, touches nothing but free memory of
    // its own allocator, and may be called by any thread at any time.
    unsafe {
        malloc_trim(0);
    }
}

/// Other systems' allocators have no such function, or need none.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
