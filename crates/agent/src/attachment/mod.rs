//! Pictures and documents that a person names, as a model can take them.
//!
//! The principal type is [`AttachmentReader`]. A picture goes to a model that
//! sees; for another its text is read by the `tesseract` program. Of a PDF the
//! text is read, page by page, in a process of its own, because a file that was
//! made to do harm may take all memory or crash its reader; pages that are
//! pictures are read as pictures are.

mod attached;
mod document;
mod error;
mod limits;
mod lines;
mod ocr;
mod picture;
mod read;
mod source;
mod told;

pub use attached::Attached;
pub(crate) use attached::image_bytes;
pub use document::DocumentCommand;
pub use error::AttachmentError;
pub use limits::DOCUMENT_BYTES;
pub(crate) use limits::IMAGES_BYTES;
pub use lines::{DocumentFailure, DocumentLine};
pub use ocr::OcrLanguages;
pub use read::{AttachmentOptions, AttachmentReader, PageRange};
pub use source::AttachedFile;
