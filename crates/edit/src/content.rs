use std::fmt;
use std::sync::{Arc, OnceLock};

use mlxcode_base::ContentHash;

/// The bytes of a file, shared between who needs them.
#[derive(Clone, Default)]
pub struct Content(Arc<Inner>);

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    /// Computed once: who asks asks several times.
    hash: OnceLock<ContentHash>,
}

impl Content {
    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// As text; `None` where they are no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    /// Their identity.
    pub fn hash(&self) -> ContentHash {
        *self.0.hash.get_or_init(|| ContentHash::of(self.bytes()))
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Content {}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Inner { bytes, hash: OnceLock::new() }))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => text.fmt(f),
            None => write!(f, "({} bytes)", self.bytes().len()),
        }
    }
}
