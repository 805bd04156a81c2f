//! How fast threads read memory: what the speed of decoding cannot pass.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Places that a thread reads from at once. One sequential stream leaves a
/// third of a core's bandwidth unused.
const STREAMS: usize = 8;

/// Numbers of one stream that are read before the next stream's turn: four
/// cache lines.
const STEP: usize = 32;

/// How far ahead of the place that is read memory is asked for, in numbers.
const AHEAD: usize = 2048 / size_of::<u64>();

/// What each thread reads: more than any cache holds.
const BYTES_PER_THREAD: usize = 256 << 20;

/// Times that everything is read; the median counts.
const PASSES: usize = 9;

/// The bytes a second that `threads` threads read together, each from memory
/// of its own, in several streams and from large pages where the system has
/// them; the median of some passes. Takes 256 MiB a thread.
pub fn read_bandwidth(threads: usize) -> f64 {
    measure(threads.max(1), BYTES_PER_THREAD / size_of::<u64>())
}

fn measure(threads: usize, numbers_per_thread: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let passes = || {
        // Each thread makes its own memory, so that it lies near it.
        let numbers = memory(numbers_per_thread);
        let mut seconds = [0.0; PASSES];
        for seconds in &mut seconds {
            barrier.wait();
            let start = Instant::now();
            black_box(read(black_box(&numbers)));
            *seconds = start.elapsed().as_secs_f64();
        }
        seconds
    };
    let seconds: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(passes)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    // The slowest thread of a pass counts: a token waits for all of them.
    let slowest = |pass: usize| seconds.iter().map(|all| all[pass]).fold(0.0, f64::max);
    let mut passes: Vec<f64> = (0..PASSES).map(slowest).collect();
    passes.sort_by(f64::total_cmp);
    (threads * numbers_per_thread * size_of::<u64>()) as f64 / passes[PASSES / 2]
}

/// Memory that was written to, so that it is there.
fn memory(numbers: usize) -> Vec<u64> {
    let mut memory = Vec::<u64>::with_capacity(numbers);
    ask_for_large_pages(&mut memory);
    memory.resize(numbers, 1);
    memory
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages(memory: &mut Vec<u64>) {
    use rustix::mm::{Advice, madvise};

    const PAGE_BYTES: usize = 4096;
    let place = memory.as_mut_ptr().cast::<u8>();
    let skipped = place.align_offset(PAGE_BYTES);
    let bytes = (memory.capacity() * size_of::<u64>()).saturating_sub(skipped);
    // SAFETY: the pages from the first boundary to the end of the allocation
    // are this vector's own, and the advice changes none of their bytes.
    let advised =
        unsafe { madvise(place.wrapping_add(skipped).cast(), bytes, Advice::LinuxHugepage) };
    // Small pages are slower to read and as good otherwise.
    advised.ok();
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_memory: &mut Vec<u64>) {}

/// Reads all numbers, by the widest vectors that matter for it.
fn read(numbers: &[u64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just asked.
        return unsafe { read_avx2(numbers) };
    }
    read_streams(numbers)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_avx2(numbers: &[u64]) -> u64 {
    read_streams(numbers)
}

#[allow(clippy::inline_always, reason = "it is compiled for the vectors of the function it is in")]
#[inline(always)]
fn read_streams(numbers: &[u64]) -> u64 {
    let length = numbers.len() / STREAMS / STEP * STEP;
    let (body, rest) = numbers.split_at(length * STREAMS);
    let mut mixed = [0_u64; STEP];
    for place in (0..length).step_by(STEP) {
        for stream in 0..STREAMS {
            let at = stream * length + place;
            prefetch(body, at + AHEAD);
            for (mixed, number) in mixed.iter_mut().zip(&body[at..at + STEP]) {
                *mixed ^= number;
            }
        }
    }
    mixed.iter().chain(rest).fold(0, |all, number| all ^ number)
}

/// Asks for the cache lines of a step that is read soon.
#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch(numbers: &[u64], at: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    const LINE: usize = 64 / size_of::<u64>();
    for line in 0..STEP / LINE {
        let place = numbers.as_ptr().wrapping_add(at + line * LINE).cast();
        // SAFETY: a prefetch is a hint; it reads nothing and no address faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_numbers: &[u64], _at: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read_once() {
        // A number read twice or never leaves bits of its own.
        for length in [0, 1, STEP, STREAMS * STEP, STREAMS * STEP + 7, 5 * STREAMS * STEP - 1] {
            let numbers: Vec<u64> =
                (0..length as u64).map(|n| n.wrapping_mul(n) << 20 | n).collect();
            let expected = numbers.iter().fold(0, |all, number| all ^ number);
            assert_eq!(read_streams(&numbers), expected, "{length}");
            assert_eq!(read(&numbers), expected, "{length}");
        }
    }

    #[test]
    fn a_measure_is_a_number_of_bytes() {
        let bytes = measure(2, 1 << 16);
        assert!(bytes.is_finite() && bytes > 0.0, "{bytes}");
    }
}
