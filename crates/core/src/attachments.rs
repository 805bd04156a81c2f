//! Pictures and documents for a session.

use mlxcode_agent::{AttachmentReader, DocumentCommand};

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
        let reader = AttachmentReader::new(self.root.clone(), folders.folders.clone());
        match document {
            Some(command) => reader.with_document(command),
            None => reader,
        }
    }
}
