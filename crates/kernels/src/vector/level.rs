//! One body of plain Rust, compiled for several sets of instructions.

use crate::tier::Tier;
#[cfg(target_arch = "x86_64")]
use crate::vector::isa::{Avx2, Avx512};
use crate::vector::isa::{Isa, Plain};

/// A piece of work whose body the compiler turns into vectors. Its `run` has
/// to be `#[inline(always)]`, with all that it calls in its loops: only so is
/// it compiled for the instructions of the function that it ends up in.
pub trait Task {
    /// What it gives.
    type Output;

    /// The body.
    fn run<I: Isa>(self) -> Self::Output;
}

/// Instructions that this machine was found to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// What every machine of the architecture has: SSE2 or NEON.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The instructions of a tier, or the best below it that there are.
    pub fn of(tier: Tier) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::is_x86_feature_detected!("avx2")
                && std::is_x86_feature_detected!("fma")
                && std::is_x86_feature_detected!("f16c");
            let avx512 = avx2
                && std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512bw")
                && std::is_x86_feature_detected!("avx512dq")
                && std::is_x86_feature_detected!("avx512vl");
            match tier {
                Tier::Avx512 | Tier::Amx if avx512 => return Self(Set::Avx512),
                Tier::Avx512 | Tier::Amx | Tier::Avx2 | Tier::AvxVnni if avx2 => {
                    return Self(Set::Avx2);
                }
                _ => {}
            }
        }
        let _ = tier;
        Self(Set::Baseline)
    }

    /// The best that this machine has.
    pub fn best() -> Self {
        Self::of(Tier::Amx)
    }

    /// Runs a task with these instructions.
    #[inline]
    pub fn run<T: Task>(self, task: T) -> T::Output {
        match self.0 {
            // Every aarch64 has fused products and 32 registers.
            Set::Baseline => task.run::<Plain<{ cfg!(target_arch = "aarch64") }>>(),
            // SAFETY: `of` found these instructions, and nothing else makes
            // this level.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(task) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(task) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn avx2<T: Task>(task: T) -> T::Output {
    task.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
fn avx512<T: Task>(task: T) -> T::Output {
    task.run::<Avx512>()
}
