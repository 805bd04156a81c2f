//! Pictures and documents for a session.

use mlxcode_agent::{AttachmentReader, DocumentCommand, OcrLanguages};

use crate::precise::ServerFolders;
use crate::workspace::Workspace;

impl Workspace {
    /// What reads pictures and documents of this workspace, and those that a
    /// person names. `folders` are those in which `tesseract` and `pdftoppm`
    /// are looked for; `document` is the program that reads PDFs, usually the
    /// face itself with a hidden verb that calls
    /// [`read_document`](crate::read_document).
    pub fn attachments(
        &self,
        folders: &ServerFolders,
        document: Option<DocumentCommand>,
    ) -> AttachmentReader {
        let mut reader = AttachmentReader::new(self.root.clone(), folders.folders.clone());
        // The names were looked at when the configuration was read.
        if let Ok(languages) = OcrLanguages::of(&self.config().attachments.ocr_languages) {
            reader = reader.with_languages(languages);
        }
        match document {
            Some(command) => reader.with_document(command),
            None => reader,
        }
    }
}
