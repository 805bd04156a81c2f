//! Issues and changes that the question names, as somebody read them.

use super::context::{LeftOut, LeftOutReason};
use super::packer::Packer;
use super::piece::{Note, NoteKind, Piece, Reason};
use crate::mention::Published;

/// The text of an issue or a change, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedText {
    /// Which one.
    pub of: Published,
    /// What stands above it: what it is, and of which repository.
    pub header: String,
    /// What was said in it.
    pub text: String,
}

/// Offers what was read of `which`: its beginning where not all of it fits into
/// `most` tokens.
pub fn offer(packer: &mut Packer<'_>, which: Published, texts: &[PublishedText], most: usize) {
    let Some(PublishedText { header, text, .. }) = texts.iter().find(|one| one.of == which) else {
        let reason = LeftOutReason::NotRead;
        packer.leave_out(LeftOut { what: which.to_string(), lines: None, reason });
        return;
    };
    let note = |text: &str| Note {
        kind: NoteKind::Published,
        path: None,
        text: text.to_owned(),
        header: header.clone(),
        reason: Reason::Named { name: which.to_string() },
        tokens: 0,
        is_kept: false,
        hash: None,
    };
    if packer.keeps_note(header, text) {
        return;
    }
    let limit = packer.set_room(most);
    let room = packer.room();
    let mut end = text.len();
    loop {
        let cost = packer.counter.part(&Piece::Note(note(&text[..end])).render());
        if cost <= room || end == 0 {
            break;
        }
        // Lines take tokens about evenly.
        end = (end * room / cost).min(end - 1);
        end = text[..text.floor_char_boundary(end)].rfind('\n').map_or(0, |line| line + 1);
    }
    if end == 0 {
        // It is told what all of it takes.
        packer.offer_note(note(text));
    } else if packer.offer_note(note(&text[..end])) && end < text.len() {
        let tokens = packer.counter.part(&text[end..]);
        let reason = LeftOutReason::NoRoom { tokens, room: packer.room() };
        packer.leave_out(LeftOut { what: format!("the rest of {which}"), lines: None, reason });
    }
    packer.set_limit(limit);
}
