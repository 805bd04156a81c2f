//! A text at an address of the web, such as a catalogue.

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::header::{ETAG, IF_NONE_MATCH};

use super::Hub;
use super::client::{Trouble, text};
use super::place::{endpoint_of_text, host};
use crate::error::Result;

/// What lies at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextAnswer {
    /// What lay there before.
    Unchanged,
    /// This text, and what the server calls it.
    Text { text: String, etag: Option<String> },
}

impl Hub {
    /// Asks once for the text at an address. A token is sent to the hub's own
    /// host alone.
    ///
    /// # Errors
    /// Why there is none, in words that hold no secret.
    pub(crate) fn text(
        &self,
        address: &str,
        etag: Option<&str>,
        most_bytes: u64,
        most_time: Duration,
    ) -> Result<TextAnswer, String> {
        let begin = Instant::now();
        let uri: Uri = endpoint_of_text(address)?;
        let headers: Vec<_> = etag.map(|etag| (IF_NONE_MATCH.as_str(), etag)).into_iter().collect();
        let answer = self.client.get(&uri, &headers).map_err(|trouble| match trouble {
            Trouble::Passing { reason, .. } => reason,
            Trouble::Lasting(error) => error.to_string(),
        })?;
        let from = host(&answer.from).to_owned();
        let status = answer.response.status();
        if status == 304 && etag.is_some() {
            return Ok(TextAnswer::Unchanged);
        }
        if !status.is_success() {
            return Err(format!("{from} answers with status {}", status.as_u16()));
        }
        let etag = text(answer.response.headers(), ETAG.as_str()).map(str::to_owned);
        let mut body = answer.response.into_body().into_reader();
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            // One that sends a byte from time to time is never silent.
            if begin.elapsed() > most_time {
                return Err(format!("{from} takes longer than {} s", most_time.as_secs()));
            }
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => bytes.extend_from_slice(&buffer[..read]),
                Err(_) => return Err(format!("{from} ended too early")),
            }
            if bytes.len() as u64 > most_bytes {
                return Err(format!("{from} sends more than {most_bytes} bytes"));
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("{from} sends no text"))?;
        Ok(TextAnswer::Text { text, etag })
    }
}
