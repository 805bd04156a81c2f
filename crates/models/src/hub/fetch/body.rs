//! The bytes of an answer, from the connection into the file.

use std::io::{self, Read};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ureq::http::header::CONTENT_LENGTH;

use super::connection::Stop;
use super::round::{End, Shared};
use crate::hub::backoff::sleep;
use crate::hub::client::Answer;
use crate::hub::place::host;

/// What is written at once where it comes fast: whole pages that lie together,
/// few enough to be still in the processor's cache.
pub const BUFFER_BYTES: usize = 256 << 10;

/// What came is written after this time, however little it is.
const SOON: Duration = Duration::from_millis(20);

/// A connection that brings fewer bytes than this in the time after which a
/// silent one is given up is given up too.
const LEAST_BYTES: u64 = 1024;

/// Writes the bytes from `start` to `end` where they belong.
pub fn take(
    shared: &Shared,
    answer: Answer,
    start: u64,
    end: u64,
    buffer: &mut [u8],
) -> Result<(), Stop> {
    let round = &shared.round;
    let options = &round.client.options;
    let counted = answer.response.headers().contains_key(CONTENT_LENGTH);
    let from = host(&answer.from).to_owned();
    let mut body = answer.response.into_body().into_reader();
    let mut gathered =
        Gathered { shared, buffer, at: start, end, length: 0, wrote: Instant::now() };
    let mut silent = Duration::ZERO;
    let mut since = 0;
    while !gathered.is_all() {
        let begin = Instant::now();
        let reason = match body.read(gathered.room()) {
            // Nothing is written after the end: what follows may begin anew.
            _ if shared.is_stopped() => return Err(Stop::Stopped),
            Ok(0) => Err(format!("{from} ended too early")),
            Ok(read) => Ok(read),
            Err(error) if is_silence(&error) => Err(format!("{from} was silent for too long")),
            Err(error) => Err(format!("{from} was cut off: {error}")),
        };
        let read = match reason {
            Ok(read) => read,
            Err(reason) => {
                gathered.write()?;
                return Err(Stop::Retry { reason, wait: None });
            }
        };
        gathered.took(read)?;
        round.fetched.fetch_add(read as u64, Ordering::Relaxed);
        silent += begin.elapsed();
        since += read as u64;
        if since >= LEAST_BYTES {
            (silent, since) = (Duration::ZERO, 0);
        } else if silent > options.idle_timeout && !gathered.is_all() {
            gathered.write()?;
            return Err(Stop::Retry {
                reason: format!("{from} sends next to nothing"),
                wait: None,
            });
        }
        let wait = round.pace.take(read);
        if !wait.is_zero() {
            gathered.write()?;
            if sleep(wait, &options.retry, &|| shared.is_stopped()).is_err() {
                return Err(Stop::Stopped);
            }
        }
    }
    // Reading the end that is known to be there gives the connection back for
    // the next part. Anything else is not worth a wait.
    if counted {
        let _ = body.read(&mut [0]);
    }
    Ok(())
}

/// Whether nothing came for too long, as the library says it.
fn is_silence(error: &io::Error) -> bool {
    let library = error.get_ref().and_then(|error| error.downcast_ref::<ureq::Error>());
    matches!(library, Some(ureq::Error::Timeout(_))) || error.kind() == io::ErrorKind::TimedOut
}

/// Bytes that came and are not written yet.
struct Gathered<'a> {
    shared: &'a Shared,
    buffer: &'a mut [u8],
    /// Where they begin in the file, and where the last that is expected ends.
    at: u64,
    end: u64,
    length: usize,
    wrote: Instant,
}

impl Gathered<'_> {
    fn is_all(&self) -> bool {
        self.at + self.length as u64 == self.end
    }

    /// How many bytes are written at once: so many that the next ones begin
    /// where a whole buffer would.
    fn most(&self) -> usize {
        let whole = self.buffer.len() as u64;
        (whole - self.at % whole).min(self.end - self.at) as usize
    }

    /// Where the next bytes go.
    fn room(&mut self) -> &mut [u8] {
        let most = self.most();
        let once = self.shared.round.pace.most_at_once(most - self.length);
        &mut self.buffer[self.length..self.length + once]
    }

    /// Counts the bytes that came, and writes all if it is time to.
    fn took(&mut self, read: usize) -> Result<(), Stop> {
        self.length += read;
        let full = self.length == self.most();
        if full || self.wrote.elapsed() >= SOON { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Stop> {
        let bytes = &self.buffer[..self.length];
        let written = self.shared.round.partial.write(self.at, bytes);
        written.map_err(|error| Stop::End(End::Failed(error)))?;
        self.at += self.length as u64;
        self.length = 0;
        self.wrote = Instant::now();
        Ok(())
    }
}
