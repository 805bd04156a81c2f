use std::fmt;
use std::sync::Arc;

use mlxcode_base::ContentHash;

/// The bytes of a file, shared between who needs them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content(Arc<Vec<u8>>);

impl Content {
    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text; `None` where they are no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Their identity.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(&self.0)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
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
            None => write!(f, "({} bytes)", self.0.len()),
        }
    }
}
