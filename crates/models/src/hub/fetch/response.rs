//! Whether an answer holds the bytes that were asked for.

use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};

use crate::hub::client::text;

/// The bytes of a file that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The first byte.
    pub start: u64,
    /// The byte after the last.
    pub end: u64,
    /// The file's size.
    pub size: u64,
    /// Whether a `Range` was sent.
    pub ranged: bool,
    /// What the bytes that are there were called.
    pub etag: Option<&'a str>,
}

/// What an answer of status 200, 206 or 416 is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its body is what was asked for; the server calls it so.
    Take { etag: Option<String> },
    /// Its body is the whole file, though a range was asked for.
    Whole,
    /// The file is another one than before.
    Changed,
    /// The server has no such range.
    NoSuchRange,
    /// It is not the file.
    Wrong { reason: String },
}

/// Judges by the status and the headers, before a byte of the body is read.
pub fn judge(asked: &Asked<'_>, status: u16, headers: &HeaderMap) -> Verdict {
    let length = text(headers, CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<u64>().ok());
    let etag = text(headers, ETAG.as_str());
    let wrong = |reason: String| Verdict::Wrong { reason };
    match status {
        416 => Verdict::NoSuchRange,
        200 => match length {
            Some(length) if length == asked.size => {
                let etag = strong(etag);
                // What `If-Range` is for.
                let other = asked.etag.is_some() && etag.is_some() && asked.etag != etag.as_deref();
                match asked.ranged {
                    true if other => Verdict::Changed,
                    true => Verdict::Whole,
                    false => Verdict::Take { etag },
                }
            }
            Some(length) => {
                let what = text(headers, CONTENT_TYPE.as_str()).unwrap_or("unknown").to_owned();
                wrong(format!("{length} bytes of {what} came where {} belong", asked.size))
            }
            // Counted while they come.
            None if asked.ranged => Verdict::Whole,
            None => Verdict::Take { etag: strong(etag) },
        },
        206 => {
            let Some(range) = text(headers, CONTENT_RANGE.as_str()).and_then(range) else {
                return wrong("a part came that does not say which".to_owned());
            };
            if !asked.ranged {
                return wrong("a part came where the whole was asked for".to_owned());
            }
            if range.2.is_some_and(|size| size != asked.size) {
                return Verdict::Changed;
            }
            if (range.0, range.1) != (asked.start, asked.end) {
                return wrong("another part came than was asked for".to_owned());
            }
            if length.is_some_and(|length| length != asked.end - asked.start) {
                return wrong("a part came of another length than it says".to_owned());
            }
            let etag = strong(etag);
            if let (Some(before), Some(now)) = (asked.etag, &etag)
                && before != now
            {
                return Verdict::Changed;
            }
            Verdict::Take { etag }
        }
        _ => wrong(format!("the status is {status}")),
    }
}

/// Only a strong one promises the same bytes (RFC 9110, 8.8.1).
fn strong(etag: Option<&str>) -> Option<String> {
    etag.filter(|etag| etag.starts_with('"') && etag.len() > 2).map(str::to_owned)
}

/// `bytes 0-9/100` as the first byte, the one after the last, and the size.
fn range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let size = if size == "*" { None } else { Some(size.parse().ok()?) };
    Some((first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?, size))
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderValue;

    use super::*;

    fn check(ranged: bool, status: u16, headers: &[(&'static str, &str)], expect: &str) {
        let asked = Asked { start: 10, end: 20, size: 100, ranged, etag: Some("\"a\"") };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let verdict = format!("{:?}", judge(&asked, status, &map));
        assert!(verdict.starts_with(expect), "{status} {headers:?}: {verdict}");
    }

    #[test]
    fn only_the_bytes_that_were_asked_for_are_taken() {
        let part = ("content-range", "bytes 10-19/100");
        check(true, 206, &[part], "Take");
        check(true, 206, &[part, ("content-length", "10"), ("etag", "\"a\"")], "Take");
        check(true, 206, &[part, ("etag", "W/\"b\"")], "Take");
        check(true, 206, &[("content-range", "bytes 10-19/*")], "Take");
        check(true, 206, &[part, ("etag", "\"b\"")], "Changed");
        check(true, 206, &[("content-range", "bytes 10-19/101")], "Changed");
        check(true, 206, &[part, ("content-length", "11")], "Wrong");
        check(true, 206, &[("content-range", "bytes 0-9/100")], "Wrong");
        check(true, 206, &[("content-range", "bytes 10-29/100")], "Wrong");
        check(true, 206, &[("content-range", "bytes 10-18446744073709551615/100")], "Wrong");
        check(true, 206, &[("content-range", "lines 10-19/100")], "Wrong");
        check(true, 206, &[], "Wrong");
        check(false, 206, &[part], "Wrong");
        check(true, 200, &[("content-length", "100")], "Whole");
        check(true, 200, &[("content-length", "100"), ("etag", "\"a\"")], "Whole");
        check(true, 200, &[("content-length", "100"), ("etag", "\"b\"")], "Changed");
        check(true, 200, &[], "Whole");
        check(true, 200, &[("content-length", "10")], "Wrong");
        check(false, 200, &[("content-length", "100"), ("etag", "\"b\"")], "Take");
        check(false, 200, &[], "Take");
        check(false, 200, &[("content-length", "99"), ("content-type", "text/html")], "Wrong");
        check(true, 416, &[], "NoSuchRange");
        check(true, 204, &[], "Wrong");
    }
}
