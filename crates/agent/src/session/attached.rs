//! Pictures and documents that a message names.

use mlxcode_base::{ByteSize, Diagnostic as _};
use mlxcode_context::Attachment;
use mlxcode_models::Image;

use super::Input;
use super::event::Event;
use super::worker::Worker;
use crate::attachment::{AttachedFile, AttachmentOptions, IMAGES_BYTES, PageRange, image_bytes};

/// The most files of a message: more do not fit into a context, and each may
/// take a minute.
const MOST_FILES: usize = 8;

/// The bytes of a token, at least, in most languages: what has fewer is found
/// too long later, and made shorter.
const TOKEN_BYTES: usize = 3;

impl Worker<'_> {
    /// Reads what a message names: text for the model, and pictures for one
    /// that sees. What cannot be read is told of, to the model too: it would
    /// guess otherwise.
    pub(super) fn attach(
        &mut self,
        input: &Input,
        named: &[Attachment],
        room_tokens: usize,
    ) -> (String, Vec<Image>) {
        let (mut text, mut images) = (String::new(), Vec::new());
        let mut files: Vec<_> = input.attached.iter().cloned().map(|file| (file, None)).collect();
        for one in named {
            let pages = one.pages.map(|pages| PageRange { first: pages.first, last: pages.last });
            let one = (AttachedFile::from(one), pages);
            if !files.contains(&one) {
                files.push(one);
            }
        }
        if files.len() > MOST_FILES {
            let left = files.len() - MOST_FILES;
            let text = format!("at most {MOST_FILES} files are read for a message: {left} are not");
            self.emit(Event::Notice { text });
            files.truncate(MOST_FILES);
        }
        let sees = self.parts.model.info().images;
        let cancel = self.cancel.clone();
        let mut options = AttachmentOptions { sees, cancel, ..AttachmentOptions::default() };
        let room = room_tokens.saturating_mul(TOKEN_BYTES) / files.len().max(1);
        options.text_bytes = options.text_bytes.min(room);
        let given: u64 = if sees { input.images.iter().map(image_bytes).sum() } else { 0 };
        options.images_bytes = options.images_bytes.saturating_sub(given);
        for (file, pages) in &files {
            options.pages = *pages;
            match self.parts.ground.attach(file, &options) {
                // Who provides no reader has no need of one.
                None => {}
                Some(Ok(mut attached)) => {
                    let taken = attached.images_bytes();
                    if taken > options.images_bytes {
                        attached.images.clear();
                        let most = ByteSize(IMAGES_BYTES);
                        let why = format!(
                            "It is left out: the pictures of a message take {most} at most."
                        );
                        attached.remarks.push(why);
                    } else {
                        options.images_bytes -= taken;
                    }
                    text.push_str(&attached.told());
                    text.push_str("\n\n");
                    for remark in &attached.remarks {
                        let text = format!("{}: {remark}", attached.name);
                        self.emit(Event::Notice { text });
                    }
                    images.extend(attached.images);
                }
                Some(Err(error)) => {
                    text.push_str(&format!("The file {file} could not be read: {error}.\n\n"));
                    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
                    self.emit(Event::Notice { text: format!("{file}: {error}{help}") });
                }
            }
        }
        (text, images)
    }
}
