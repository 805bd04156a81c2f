use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::PathBuf;

use mlxcode_base::{ByteSize, RelPath, Root};
use mlxcode_context::{Attachment, MediaType};

use super::error::AttachmentError;

/// A picture or a document that a person names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachedFile {
    /// A file of the tree. Links that lead out of it are refused.
    InTree(RelPath),
    /// A file anywhere, which a person named by its path.
    Named(PathBuf),
}

impl From<&Attachment> for AttachedFile {
    fn from(attachment: &Attachment) -> Self {
        Self::InTree(attachment.path.clone())
    }
}

impl fmt::Display for AttachedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTree(path) => path.fmt(f),
            Self::Named(path) => path.display().fmt(f),
        }
    }
}

/// A file that was opened, and what its first bytes say.
#[derive(Debug)]
pub(super) struct Opened {
    pub name: String,
    pub file: File,
    pub media_type: MediaType,
    pub size_bytes: u64,
}

impl Opened {
    pub fn open(root: &Root, which: &AttachedFile) -> Result<Self, AttachmentError> {
        let name = which.to_string();
        let place = match which {
            AttachedFile::InTree(path) => root.resolve(path)?,
            AttachedFile::Named(path) => path.clone(),
        };
        let unreadable = |source| AttachmentError::Unreadable { name: name.clone(), source };
        // A pipe that nobody writes to would be waited for when it is opened.
        let is_file = place.metadata().map_err(unreadable)?.is_file();
        let unknown = || AttachmentError::UnknownKind { name: name.clone() };
        if !is_file {
            return Err(unknown());
        }
        let mut file = File::open(&place).map_err(unreadable)?;
        let size_bytes = file.metadata().map_err(unreadable)?.len();
        let mut mark = Vec::new();
        (&file).take(MediaType::MARK_BYTES).read_to_end(&mut mark).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let media_type = MediaType::of(&mark).ok_or_else(unknown)?;
        Ok(Self { name, file, media_type, size_bytes })
    }

    pub fn too_large(&self, most: u64) -> AttachmentError {
        AttachmentError::TooLarge {
            name: self.name.clone(),
            size: ByteSize(self.size_bytes),
            most: ByteSize(most),
        }
    }

    pub fn damaged(&self) -> AttachmentError {
        AttachmentError::Damaged { name: self.name.clone(), media_type: self.media_type }
    }

    /// All bytes, up to a limit.
    pub fn bytes(&mut self, most: u64) -> Result<Vec<u8>, AttachmentError> {
        if self.size_bytes > most {
            return Err(self.too_large(most));
        }
        let mut bytes = Vec::new();
        let read =
            self.file.rewind().and_then(|()| (&self.file).take(most + 1).read_to_end(&mut bytes));
        match read {
            Err(source) => Err(AttachmentError::Unreadable { name: self.name.clone(), source }),
            Ok(read) if read as u64 > most => Err(self.too_large(most)),
            Ok(_) => Ok(bytes),
        }
    }
}
