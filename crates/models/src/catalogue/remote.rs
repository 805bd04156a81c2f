//! Catalogues that lie at addresses, and their copies on this machine.
//!
//! A copy is asked after with its `ETag` when it is older than an hour. What
//! cannot be fetched, or is no catalogue, leaves the copy as it is.

#![allow(clippy::disallowed_methods, reason = "the copies have a folder of their own")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mlxcode_base::ContentHash;
use serde::{Deserialize, Serialize};

use super::source::MOST_BYTES;
use super::{CatalogueError, read};
use crate::error::Result;
use crate::files::read_optional;
use crate::hub::{Hub, HubOptions, NetworkPolicy, TextAnswer, without_secrets};

/// Nobody waits longer for a list of models.
const MOST_TIME: Duration = Duration::from_secs(20);
const CONNECT_TIME: Duration = Duration::from_secs(5);
const SILENT_TIME: Duration = Duration::from_secs(10);

/// Catalogues change from day to day, not from minute to minute.
const FRESH: Duration = Duration::from_hours(1);

/// Beside the text, an address and an `ETag`; the text's quotes are escaped.
const MOST_COPY_BYTES: u64 = 3 * MOST_BYTES;

/// Fetches catalogues and keeps copies of them.
#[derive(Clone, Debug)]
pub struct RemoteCatalogues {
    hub: Hub,
    folder: PathBuf,
    now: SystemTime,
}

/// A catalogue from an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteCatalogue {
    /// The address, without what may be a secret in it.
    pub address: String,
    /// What lies there, or lay there when it was last seen.
    pub text: String,
    /// Why the copy had to do, where it could not be fetched.
    pub outdated: Option<String>,
}

/// A copy as it lies in the folder.
#[derive(Serialize, Deserialize)]
struct Copy {
    address: String,
    etag: Option<String>,
    text: String,
}

impl RemoteCatalogues {
    /// Catalogues that are fetched with a hub's options, from wherever they
    /// are, and kept in `folder`, which need not exist. Nothing is sent.
    /// `now` is the time by which copies are old.
    ///
    /// # Errors
    /// Where an address among the options makes no sense.
    pub fn new(mut options: HubOptions, folder: &Path, now: SystemTime) -> Result<Self> {
        options.connect_timeout = options.connect_timeout.min(CONNECT_TIME);
        options.idle_timeout = options.idle_timeout.min(SILENT_TIME);
        Ok(Self { hub: Hub::new(options)?, folder: folder.to_owned(), now })
    }

    /// The catalogue at an address: the copy where it is new enough, else what
    /// lies there now, else the copy.
    ///
    /// # Errors
    /// Where it cannot be fetched, or is no catalogue, and there is no copy.
    pub fn fetch(&self, url: &str) -> Result<RemoteCatalogue> {
        let address = without_secrets(url);
        let place = self.place(url);
        let copy = copy_of(&place, url);
        if let Some(copy) = &copy
            && self.is_fresh(&place)
        {
            let text = copy.text.clone();
            return Ok(RemoteCatalogue { address, text, outdated: None });
        }
        let etag = copy.as_ref().and_then(|copy| copy.etag.as_deref());
        let answer = if self.hub.options().network == NetworkPolicy::Offline {
            Err("the network must not be used".to_owned())
        } else {
            self.hub.text(url, etag, MOST_BYTES, MOST_TIME)
        };
        let found = answer.and_then(|answer| match answer {
            TextAnswer::Unchanged => Ok(None),
            TextAnswer::Text { text, etag } => {
                // A login page is no catalogue, and takes no copy's place.
                read::entries(Path::new(&address), &text).map_err(|error| error.to_string())?;
                Ok(Some(Copy { address: url.to_owned(), etag, text }))
            }
        });
        match (found, copy) {
            (Ok(Some(new)), _) => {
                // Without a copy it is fetched again the next time.
                let _ = self.keep(&place, &new);
                Ok(RemoteCatalogue { address, text: new.text, outdated: None })
            }
            (Ok(None), Some(copy)) => {
                let _ = self.keep(&place, &copy);
                Ok(RemoteCatalogue { address, text: copy.text, outdated: None })
            }
            (Err(reason), Some(copy)) => {
                Ok(RemoteCatalogue { address, text: copy.text, outdated: Some(reason) })
            }
            (Err(reason), None) => Err(CatalogueError::NotFetched { url: address, reason }.into()),
            (Ok(None), None) => {
                let reason = "it is said to be unchanged, and was never here".to_owned();
                Err(CatalogueError::NotFetched { url: address, reason }.into())
            }
        }
    }

    /// The copy of a catalogue, however old; nobody is asked.
    pub fn kept(&self, url: &str) -> Option<RemoteCatalogue> {
        let copy = copy_of(&self.place(url), url)?;
        Some(RemoteCatalogue { address: without_secrets(url), text: copy.text, outdated: None })
    }

    fn place(&self, url: &str) -> PathBuf {
        self.folder.join(format!("{}.json", ContentHash::of(url.as_bytes())))
    }

    fn is_fresh(&self, place: &Path) -> bool {
        let written = fs::metadata(place).and_then(|meta| meta.modified()).ok();
        let age = written.and_then(|written| self.now.duration_since(written).ok());
        age.is_some_and(|age| age < FRESH)
    }

    fn keep(&self, place: &Path, copy: &Copy) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let fresh = place.with_extension(format!("{}.new", std::process::id()));
        fs::write(&fresh, serde_json::to_vec(copy)?)?;
        File::options().write(true).open(&fresh)?.set_modified(self.now)?;
        fs::rename(&fresh, place)
    }
}

/// The copy of a catalogue, where it is sound.
fn copy_of(place: &Path, url: &str) -> Option<Copy> {
    let bytes = read_optional(place, MOST_COPY_BYTES).ok()??;
    let copy: Copy = serde_json::from_slice(&bytes).ok()?;
    (copy.address == url && read::entries(place, &copy.text).is_ok()).then_some(copy)
}
