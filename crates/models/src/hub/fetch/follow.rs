//! What follows behind the bytes that come: their checksum, and the disk.

use std::thread;
use std::time::{Duration, Instant};

use super::digest::Digest;
use super::round::{End, Shared};

/// After how long, and after how many bytes, what came is brought onto the
/// disk: a loss of power costs no more than what came since, and the disk works
/// while more comes, not when all is there.
const FLUSH: Duration = Duration::from_secs(5);
const FLUSH_BYTES: u64 = 64 << 20;

/// How much is hashed at once: still in the processor's cache when it is summed.
const HASH_BYTES: usize = 256 << 10;

/// How long it is waited for more bytes: at first so long, and twice as long
/// each time that none came, so that a slow line keeps no processor awake.
const WAIT: Duration = Duration::from_micros(500);
const LONGEST_WAIT: Duration = Duration::from_millis(16);

/// Computes the checksum of what the file holds.
pub fn hash(shared: &Shared) {
    let partial = &shared.round.partial;
    let mut digest = Digest::new(&shared.round.file.checksum, partial.size_bytes());
    let mut buffer = vec![0; HASH_BYTES.min(partial.size_bytes() as usize)];
    let mut done = 0;
    let mut part = 0;
    let mut wait = WAIT;
    while done < partial.size_bytes() {
        if shared.is_stopped() {
            return;
        }
        let (frontier, first_missing) = partial.frontier(part);
        part = first_missing;
        if frontier == done {
            thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            continue;
        }
        wait = WAIT;
        let length = (frontier - done).min(HASH_BYTES as u64) as usize;
        if let Err(error) = partial.read(done, &mut buffer[..length]) {
            shared.end(End::Failed(error));
            return;
        }
        digest.update(&buffer[..length]);
        done += length as u64;
    }
    shared.end(End::Done(digest.finish()));
}

/// Brings what came onto the disk from time to time.
pub fn flush(shared: &Shared) {
    let partial = &shared.round.partial;
    let (mut last, mut flushed) = (Instant::now(), partial.written_bytes());
    let (mut wait, mut before) = (WAIT, flushed);
    while !shared.is_stopped() {
        let written = partial.written_bytes();
        // Also the last ones, beside the end of the sum and not after it.
        let last_ones = written == partial.size_bytes() && flushed < written;
        let many = written.saturating_sub(flushed) >= FLUSH_BYTES;
        if last.elapsed() >= FLUSH || many || last_ones {
            if let Err(error) = partial.flush() {
                shared.end(End::Failed(error));
                return;
            }
            (last, flushed) = (Instant::now(), written);
        }
        wait = if written == before { (wait * 2).min(LONGEST_WAIT) } else { WAIT };
        before = written;
        thread::sleep(wait);
    }
}
