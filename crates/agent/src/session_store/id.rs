use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Crockford's digits in base 32: none is taken for another, and they sort as
/// their values do.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Digits of the seconds since 1970: enough until the year 3058.
const TIME_DIGITS: usize = 7;

/// Random digits: 33 million ids a second.
const RANDOM_DIGITS: usize = 5;

/// What names a session for good: twelve letters and digits that sort by the
/// second in which it was made, such as `1pxv8s0-k3f9q`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

impl SessionId {
    /// An id of a moment and a random number.
    pub fn of(time_ms: u64, random: u64) -> Self {
        let time = digits(time_ms / 1_000, TIME_DIGITS);
        Self(format!("{time}-{}", digits(random, RANDOM_DIGITS)))
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The last `count` digits of a number.
fn digits(number: u64, count: usize) -> String {
    let digit = |place: usize| char::from(DIGITS[(number >> (5 * place)) as usize & 31]);
    (0..count).rev().map(digit).collect()
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digits = |part: &str, count: usize| {
            part.len() == count && part.bytes().all(|byte| DIGITS.contains(&byte))
        };
        match text.split_once('-') {
            Some((time, random))
                if is_digits(time, TIME_DIGITS) && is_digits(random, RANDOM_DIGITS) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!("`{text}` is no id of a session")),
        }
    }
}

impl TryFrom<String> for SessionId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

/// Where a store takes times and chance from.
pub trait Surroundings: fmt::Debug + Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// A number that differs from call to call. It guards nothing.
    fn random(&self) -> u64;
}

/// The machine's clock, and the seeds that the standard library takes for its
/// maps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSurroundings;

impl Surroundings for SystemSurroundings {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> u64 {
        // The keys of a process count up from one seed; hashed, they spread.
        RandomState::new().hash_one(std::process::id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_are_read_again() {
        let ids: Vec<SessionId> = [(0, 9), (999, 7), (1_000, 0), (1_763_800_000_000, 1 << 24)]
            .into_iter()
            .map(|(time, random)| SessionId::of(time, random))
            .collect();
        assert_eq!(ids[0].as_str(), "0000000-00009");
        // 1763800000 = 1·32⁶ + 20·32⁵ + 18·32⁴ + 2·32³ + 28·32² + 30·32.
        assert_eq!(ids[3].as_str(), "1mj2wy0-g0000");
        assert!(ids[1] < ids[2] && ids[2] < ids[3]);
        for id in ids {
            assert_eq!(id.as_str().parse(), Ok(id.clone()));
        }
        for wrong in ["", "1mj2mj0", "1mj2mj0-g000", "1mj2mj0-g000o", "1MJ2MJ0-G0000", "-"] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
    }
}
