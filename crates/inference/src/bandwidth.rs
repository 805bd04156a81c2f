//! How fast threads read memory: what the speed of decoding cannot pass.

use std::hint::black_box;
use std::io;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

/// Places that a thread reads from at once. One sequential stream leaves a
/// third of a core's bandwidth unused.
const STREAMS: usize = 8;

/// Bytes of one stream that are read before the next stream's turn: four cache
/// lines.
const STEP: usize = 256;

/// How far ahead of the place that is read memory is asked for.
const AHEAD: usize = 2048;

/// What each thread reads: more than any cache holds.
const BYTES_PER_THREAD: usize = 256 << 20;

/// Times that everything is read; the median counts.
const PASSES: usize = 9;

/// The bytes a second that `threads` threads read together, each from memory
/// of its own, in several streams and from large pages where the system has
/// them; the median of some passes.
///
/// Takes 256 MiB a thread; `None` where they are not to be had.
pub fn read_bandwidth(threads: usize) -> Option<f64> {
    measure(threads.max(1), BYTES_PER_THREAD)
}

fn measure(threads: usize, bytes_per_thread: usize) -> Option<f64> {
    let memory: io::Result<Vec<MmapMut>> =
        (0..threads).map(|_| MmapMut::map_anon(bytes_per_thread)).collect();
    let barrier = Barrier::new(threads);
    let passes = |mut memory: MmapMut| {
        ask_for_large_pages(&memory);
        // Memory is there once it was written to, near the thread that did.
        memory.fill(1);
        let mut seconds = [0.0; PASSES];
        for seconds in &mut seconds {
            barrier.wait();
            let start = Instant::now();
            black_box(read(black_box(&memory)));
            *seconds = start.elapsed().as_secs_f64();
        }
        seconds
    };
    let seconds: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> =
            memory.ok()?.into_iter().map(|memory| scope.spawn(|| passes(memory))).collect();
        running.into_iter().map(|thread| thread.join().ok()).collect::<Option<_>>()
    })?;
    // The slowest thread of a pass counts: a token waits for all of them.
    let slowest = |pass: usize| seconds.iter().map(|all| all[pass]).fold(0.0, f64::max);
    let mut passes: Vec<f64> = (0..PASSES).map(slowest).collect();
    passes.sort_by(f64::total_cmp);
    Some((threads * bytes_per_thread) as f64 / passes[PASSES / 2])
}

/// Small pages are slower to read and as good otherwise, so a refusal is none.
#[cfg(target_os = "linux")]
fn ask_for_large_pages(memory: &MmapMut) {
    memory.advise(Advice::HugePage).ok();
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_memory: &MmapMut) {}

/// Reads all bytes, by the widest vectors that matter for it.
fn read(bytes: &[u8]) -> u8 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor was just asked.
        return unsafe { read_avx2(bytes) };
    }
    read_streams(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_avx2(bytes: &[u8]) -> u8 {
    read_streams(bytes)
}

#[allow(clippy::inline_always, reason = "it is compiled for the vectors of the function it is in")]
#[inline(always)]
fn read_streams(bytes: &[u8]) -> u8 {
    let length = bytes.len() / STREAMS / STEP * STEP;
    let (body, rest) = bytes.split_at(length * STREAMS);
    let mut mixed = [0_u8; STEP];
    for place in (0..length).step_by(STEP) {
        for stream in 0..STREAMS {
            let at = stream * length + place;
            prefetch(body, at + AHEAD);
            for (mixed, byte) in mixed.iter_mut().zip(&body[at..at + STEP]) {
                *mixed ^= byte;
            }
        }
    }
    mixed.iter().chain(rest).fold(0, |all, byte| all ^ byte)
}

/// Asks for the cache lines of a step that is read soon.
#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch(bytes: &[u8], at: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    for line in (0..STEP).step_by(64) {
        let place = bytes.as_ptr().wrapping_add(at + line).cast();
        // SAFETY: a prefetch is a hint; it reads nothing and no address faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_bytes: &[u8], _at: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_once() {
        // Bytes of a long period: one that is read twice or never shows.
        for length in [0, 1, STEP, STREAMS * STEP, STREAMS * STEP + 7, 5 * STREAMS * STEP - 1] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * n % 251 + n / 256) as u8).collect();
            let expected = bytes.iter().fold(0, |all, byte| all ^ byte);
            assert_eq!(read_streams(&bytes), expected, "{length}");
            assert_eq!(read(&bytes), expected, "{length}");
        }
    }

    #[test]
    fn a_measure_is_a_number_of_bytes() {
        let bytes = measure(2, 1 << 16).unwrap();
        assert!(bytes.is_finite() && bytes > 0.0, "{bytes}");
        // More than any address space has.
        assert_eq!(measure(1, usize::MAX >> 2), None);
    }
}
