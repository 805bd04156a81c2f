//! What was read, with the space around calls and thoughts left out.

use super::ReplyPiece;

/// The most bytes of space that wait for what follows them.
const MAX_SPACE_BYTES: usize = 4096;

/// Which of the two texts of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Said,
    Thought,
}

/// The pieces since the last look, and the space at the end of a text.
#[derive(Clone, Debug)]
pub struct Output {
    pieces: Vec<ReplyPiece>,
    voice: Voice,
    space: String,
    /// Whether nothing of this text was given out yet.
    is_fresh: bool,
    /// Whether the reply's text begins here.
    is_first: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            voice: Voice::Said,
            space: String::new(),
            is_fresh: true,
            is_first: true,
        }
    }
}

impl Output {
    pub fn take(&mut self) -> Vec<ReplyPiece> {
        std::mem::take(&mut self.pieces)
    }

    /// Takes `text`, the space at its end with what follows it.
    pub fn write(&mut self, voice: Voice, text: &str) {
        if text.is_empty() {
            return;
        }
        if voice != self.voice {
            self.turn(voice);
        }
        let content = text.trim_start_matches(is_space);
        self.wait(&text[..text.len() - content.len()]);
        if content.is_empty() {
            return;
        }
        let solid = content.trim_end_matches(is_space);
        self.give_space();
        self.give(solid);
        self.wait(&content[solid.len()..]);
    }

    /// Adds a call. Space around it is nobody's text.
    pub fn call(&mut self, piece: ReplyPiece) {
        self.turn(Voice::Said);
        self.pieces.push(piece);
    }

    /// A boundary: the space before it, and lines without words behind it,
    /// are left out.
    pub fn turn(&mut self, voice: Voice) {
        self.voice = voice;
        self.space.clear();
        self.is_fresh = true;
        self.is_first = false;
    }

    /// What is said next is a paragraph of its own.
    pub fn paragraph(&mut self) {
        let has_text = self.voice == Voice::Said && !self.is_fresh;
        self.space.clear();
        if has_text {
            self.space.push_str("\n\n");
        } else {
            self.turn(Voice::Said);
        }
    }

    /// Ends the reply.
    pub fn finish(&mut self) {
        let is_text = !self.is_fresh || self.is_first;
        if self.voice == Voice::Said && is_text && !self.space.is_empty() {
            let space = std::mem::take(&mut self.space);
            self.give(&space);
        }
        self.space.clear();
    }

    fn wait(&mut self, space: &str) {
        for c in space.chars() {
            let forgets = self.is_fresh && !self.is_first;
            if forgets && (c == '\n' || self.voice == Voice::Thought) {
                self.space.clear();
                continue;
            }
            self.space.push(c);
            if self.space.len() > MAX_SPACE_BYTES {
                self.give_space();
            }
        }
    }

    fn give_space(&mut self) {
        let space = std::mem::take(&mut self.space);
        self.give(&space);
        self.space = space;
        self.space.clear();
    }

    fn give(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.is_fresh = false;
        match (self.pieces.last_mut(), self.voice) {
            (Some(ReplyPiece::Text(last)), Voice::Said)
            | (Some(ReplyPiece::Thinking(last)), Voice::Thought) => last.push_str(text),
            (_, Voice::Said) => self.pieces.push(ReplyPiece::Text(text.to_owned())),
            (_, Voice::Thought) => self.pieces.push(ReplyPiece::Thinking(text.to_owned())),
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}
