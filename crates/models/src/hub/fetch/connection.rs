//! One connection: asks for a part, and looks whether that is what comes.

use std::time::Duration;

use ureq::http::header::{IF_RANGE, RANGE};

use super::body;
use super::response::{Asked, Verdict, judge};
use super::round::{End, Shared};
use crate::error::HubError;
use crate::hub::client::{Answer, Subject, Trouble};
use crate::hub::place::{host, without_query};

/// Why a request ended early.
pub enum Stop {
    /// To be made again, after a wait that the server may ask for.
    Retry { reason: String, wait: Option<Duration> },
    /// The round is over.
    End(End),
    /// Somebody else ended it.
    Stopped,
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Passing { reason, wait } => Self::Retry { reason, wait },
            Trouble::Lasting(error) => Self::End(End::Failed(error)),
        }
    }
}

/// Fetches parts until none is left.
pub fn run(shared: &Shared) {
    let mut buffer = vec![0; body::BUFFER_BYTES];
    while let Some(part) = shared.next_part() {
        loop {
            if shared.is_stopped() {
                return;
            }
            match fetch(shared, part, &mut buffer) {
                Ok(()) => break,
                Err(Stop::Stopped) => return,
                Err(Stop::End(end)) => return shared.end(end),
                Err(Stop::Retry { reason, wait }) => {
                    if !shared.retry(reason, wait) {
                        return;
                    }
                    if shared.whole {
                        return shared.end(End::Again);
                    }
                }
            }
        }
    }
}

fn fetch(shared: &Shared, part: usize, buffer: &mut [u8]) -> Result<(), Stop> {
    let partial = &shared.round.partial;
    let (start, end) = partial.part_range(part);
    let (start, end) = if shared.whole {
        (0, partial.size_bytes())
    } else {
        (start + partial.part_written(part), end)
    };
    let ranged = !shared.whole && (start, end) != (0, partial.size_bytes());
    let etag = partial.etag();
    let answer = ask(shared, ranged.then_some((start, end)), etag.as_deref())?;
    let status = answer.response.status().as_u16();
    if !matches!(status, 200 | 206 | 416) {
        let round = &shared.round;
        let subject =
            Subject { repo: &round.repo, revision: &round.commit, file: Some(&round.file.path) };
        return Err(round.client.refused(&answer, subject).into());
    }
    let asked = Asked { start, end, size: partial.size_bytes(), ranged, etag: etag.as_deref() };
    let restart = |reason: &str, whole| {
        let reason = format!("{} {reason}", host(&answer.from));
        Err(Stop::End(End::Restart { reason, whole }))
    };
    match judge(&asked, status, answer.response.headers()) {
        Verdict::Take { etag } => note(shared, etag.as_deref(), ranged)?,
        Verdict::Whole => return restart("sends no part, only the whole file", true),
        Verdict::Changed => return restart("has another file than before", false),
        Verdict::NoSuchRange => return restart("does not have the part that is missing", false),
        Verdict::Wrong { reason } => {
            let reason = format!("{}: {reason}", host(&answer.from));
            return Err(Stop::Retry { reason, wait: None });
        }
    }
    body::take(shared, answer, start, end, buffer)
}

/// Asks where the hub sent the last reader of this file, else the hub.
fn ask(shared: &Shared, range: Option<(u64, u64)>, etag: Option<&str>) -> Result<Answer, Stop> {
    let range = range.map(|(start, end)| format!("bytes={start}-{}", end - 1));
    let mut headers = Vec::new();
    if let Some(range) = &range {
        headers.push((RANGE.as_str(), &**range));
        headers.extend(etag.map(|etag| (IF_RANGE.as_str(), etag)));
    }
    let known = shared.location.lock().ok().and_then(|location| location.clone());
    let round = &shared.round;
    let answer = round.client.get(known.as_ref().unwrap_or(&round.address), &headers)?;
    if known.is_none() {
        check_linked(shared, &answer)?;
        if let Ok(mut location) = shared.location.lock()
            && answer.response.status().is_success()
        {
            *location = Some(answer.from.clone());
        }
    }
    Ok(answer)
}

/// What the hub says of the file now is what it said in its listing.
fn check_linked(shared: &Shared, answer: &Answer) -> Result<(), Stop> {
    let round = &shared.round;
    let linked = &answer.linked;
    let plain = |etag: &str| etag.trim_start_matches("W/").trim_matches('"').to_owned();
    let same = linked.commit.as_deref().is_none_or(|commit| commit == round.commit)
        && linked.etag.as_deref().is_none_or(|etag| plain(etag) == round.file.checksum.as_str())
        && linked.size.is_none_or(|size| size == round.file.size_bytes);
    if same {
        return Ok(());
    }
    let place = without_query(&round.address);
    let reason = "it describes another file than the repository's listing does".to_owned();
    Err(Stop::End(End::Failed(HubError::BadAnswer { place, reason }.into())))
}

/// Remembers what the server calls the file, for all connections.
fn note(shared: &Shared, etag: Option<&str>, ranged: bool) -> Result<(), Stop> {
    let partial = &shared.round.partial;
    let Some(etag) = etag else { return Ok(()) };
    match partial.etag() {
        Some(before) if before != etag && ranged => {
            let reason = "the file changed while it came".to_owned();
            Err(Stop::End(End::Restart { reason, whole: false }))
        }
        Some(before) if before == etag => Ok(()),
        _ => partial.set_etag(Some(etag)).map_err(|error| Stop::End(End::Failed(error))),
    }
}
