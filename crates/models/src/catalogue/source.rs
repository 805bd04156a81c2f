//! Where extra catalogues come from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Catalogue, CatalogueError};
use crate::error::Result;

/// The most bytes of a catalogue: some thousand models.
pub(super) const MOST_BYTES: u64 = 4 << 20;

/// Where an extra catalogue is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CatalogueSource {
    /// A file.
    File(PathBuf),
    /// An address.
    Url(String),
}

impl CatalogueSource {
    /// What a configuration says: an address begins with `https://` or
    /// `http://`, all else is a path, seen from the folder `from`.
    pub fn parse(text: &str, from: &Path) -> Self {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("https://") || lower.starts_with("http://") {
            Self::Url(text.to_owned())
        } else {
            Self::File(from.join(text))
        }
    }
}

/// Gives the text that lies at an address.
pub type FetchText<'f> = &'f dyn Fn(&str) -> Result<String>;

impl Catalogue {
    /// Reads an extra catalogue and puts it on top. An address goes to
    /// `fetch`, which gives the text that lies there; without one, an address
    /// is refused by name.
    pub fn add_from(
        &mut self,
        source: &CatalogueSource,
        fetch: Option<FetchText<'_>>,
    ) -> Result<()> {
        match source {
            CatalogueSource::File(path) => self.add(path, &read(path)?),
            CatalogueSource::Url(url) => {
                let path = Path::new(url);
                let Some(fetch) = fetch else {
                    let reason = "nothing here opens connections".to_owned();
                    return Err(CatalogueError::NotFetched { url: url.clone(), reason }.into());
                };
                let text = fetch(url)?;
                if text.len() as u64 > MOST_BYTES {
                    return Err(
                        CatalogueError::TooLong { path: path.into(), most: MOST_BYTES }.into()
                    );
                }
                self.add(path, &text)
            }
        }
    }
}

fn read(path: &Path) -> Result<String> {
    let unreadable = |source| CatalogueError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if read as u64 > MOST_BYTES {
        return Err(CatalogueError::TooLong { path: path.to_owned(), most: MOST_BYTES }.into());
    }
    Ok(text)
}
