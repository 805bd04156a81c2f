//! Whether this machine has AMX and lets us use it.

use std::sync::OnceLock;

use crate::tier::avx512;

/// Whether the machine has AVX-512 with BF16 and AMX with BF16, and the system
/// keeps AMX's registers for this process.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        avx512::available()
            && is_x86_feature_detected!("avx512bf16")
            && has_instructions()
            && permitted()
    })
}

/// Bits of EDX of leaf 7 (Intel's Software Developer's Manual, volume 2,
/// CPUID): 22 is AMX-BF16, 24 is AMX-TILE.
fn has_instructions() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    let wanted = 1 << 22 | 1 << 24;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & wanted == wanted
}

/// Asks Linux for AMX's registers, which it keeps only for processes that
/// asked (`ARCH_REQ_XCOMP_PERM`, Documentation/arch/x86/xstate.rst).
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    /// The number of `arch_prctl`.
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    /// The state of AMX's tiles.
    const XFEATURE_XTILEDATA: u64 = 18;
    let answer: i64;
    // SAFETY: the system call reads and writes no memory of ours; the
    // instruction overwrites the two registers named.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

/// Other systems are not known to keep the registers.
#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}
