//! Where a call ends that a mark began.

use super::automaton::{Automaton, Step};
use super::marks::{self, CallMark, Found};

/// The most bytes of a call, or of several between the same marks. A model of
/// 256 thousand tokens writes about a million bytes.
pub const MAX_CALL_BYTES: usize = 1024 * 1024;

/// A call that is being read. Offsets count from its opening mark.
#[derive(Clone, Debug)]
pub struct Block {
    pub kind: Kind,
    /// Where the body begins.
    pub body: usize,
    scanned: usize,
    automaton: Automaton,
    /// Where a closing mark stands in what seemed to be a string.
    doubtful: Option<(usize, usize)>,
    /// Behind the last whole value.
    whole: Option<usize>,
    shape: Shape,
}

/// What a block of calls is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Marked(&'static CallMark),
    /// A message of gpt-oss to a tool.
    Message,
    /// JSON that nothing marks.
    Bare,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Unknown,
    /// Behind a whole value the block ends where no other follows.
    Value,
    Other,
}

/// Where a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It needs more text.
    Wait,
    /// Its body ends and the text goes on here.
    At { body_end: usize, after: usize, was_doubtful: bool },
    /// The reply ends in it.
    Open,
    /// It is too long.
    TooLong,
    /// The mark is a word in a sentence, or a thought ends before the call.
    NotOne,
}

impl Block {
    pub fn marked(mark: &'static CallMark) -> Self {
        // The bracket of `functools[` is the array's.
        let body = match mark {
            CallMark { is_inside: true, .. } => 0,
            CallMark { open, .. } if open.ends_with("s[") => open.len() - 1,
            CallMark { open, .. } => open.len(),
        };
        Self::new(Kind::Marked(mark), body)
    }

    pub fn new(kind: Kind, body: usize) -> Self {
        Self {
            kind,
            body,
            scanned: body,
            automaton: Automaton::default(),
            doubtful: None,
            whole: None,
            shape: Shape::Unknown,
        }
    }

    /// How far its end was looked for.
    pub fn scanned(&self) -> usize {
        self.scanned
    }

    /// Goes on through `text`, which begins with the block. `trusting` says
    /// that strings were followed to nowhere before: a closing mark counts
    /// wherever it stands.
    pub fn scan(&mut self, text: &str, end: bool, in_thought: bool, trusting: bool) -> End {
        let is_long = text.len() > MAX_CALL_BYTES;
        if self.shape == Shape::Unknown && self.kind != Kind::Message {
            match self.begins(&text[self.body..], end) {
                Found::Part => return End::Wait,
                Found::Nothing => return End::NotOne,
                Found::Whole(shape, _) => self.shape = shape,
            }
        }
        while self.scanned < text.len().min(MAX_CALL_BYTES) {
            if !text.is_char_boundary(self.scanned) {
                self.scanned += 1;
                continue;
            }
            let rest = &text[self.scanned..];
            let byte = rest.as_bytes()[0];
            if marks::may_begin(byte) {
                match self.mark_at(rest, end, in_thought) {
                    Found::Part => return End::Wait,
                    Found::Nothing => {}
                    Found::Whole(Ending::Thought, _) => return End::NotOne,
                    Found::Whole(Ending::Closing { is_part }, length) => {
                        let after = self.scanned + if is_part { length } else { 0 };
                        let at = (self.scanned, after);
                        let inside = self.automaton.is_inside();
                        if !inside || trusting {
                            let body_end = self.body_end(at.0, at.1);
                            return End::At { body_end, after, was_doubtful: inside };
                        }
                        if is_part && self.doubtful.is_none() {
                            self.doubtful = Some(at);
                        }
                    }
                }
            }
            if self.kind == Kind::Bare && self.whole.is_some() && self.automaton.is_level() {
                match byte {
                    b' ' | b'\t' | b'\r' | b';' | b',' | b'}' | b']' => {}
                    b'\n' | b'{' | b'[' | b'<' => {
                        let at = self.scanned;
                        return End::At { body_end: at, after: at, was_doubtful: false };
                    }
                    _ => return End::NotOne,
                }
            } else if let Some(whole) = self.whole
                && self.shape == Shape::Value
                && self.automaton.is_level()
                && !b" \t\r\n;,{[}])".contains(&byte)
            {
                match self.goes_on(rest, end) {
                    Found::Part => return End::Wait,
                    Found::Whole((), _) => self.whole = None,
                    Found::Nothing => {
                        return End::At { body_end: whole, after: whole, was_doubtful: false };
                    }
                }
            }
            match self.automaton.step(rest, end) {
                Step::Wait => return End::Wait,
                Step::Passed(length) => self.scanned += length,
                Step::Whole(length) => {
                    self.scanned += length;
                    self.whole = Some(self.scanned);
                }
            }
        }
        if is_long {
            return self.too_long();
        }
        if end { self.at_end(text) } else { End::Wait }
    }

    /// A call that is part of its marks ends behind the last of them.
    fn body_end(&self, at: usize, after: usize) -> usize {
        match self.kind {
            Kind::Marked(CallMark { is_inside: true, .. }) => after,
            _ => at,
        }
    }

    fn too_long(&self) -> End {
        self.first_doubtful().unwrap_or(End::TooLong)
    }

    fn first_doubtful(&self) -> Option<End> {
        let (at, after) = self.doubtful?;
        Some(End::At { body_end: self.body_end(at, after), after, was_doubtful: true })
    }

    fn at_end(&self, text: &str) -> End {
        if let Some(end) = self.first_doubtful() {
            return end;
        }
        match self.whole {
            // Only brackets too many and separators follow.
            Some(whole)
                if self.automaton.is_level()
                    && text[whole..]
                        .trim_matches([' ', '\t', '\r', '\n', ';', ',', '}', ']'])
                        .is_empty() =>
            {
                End::At { body_end: text.len(), after: text.len(), was_doubtful: false }
            }
            _ => End::Open,
        }
    }

    /// What ends the block, at the beginning of `rest`.
    fn mark_at(&self, rest: &str, end: bool, in_thought: bool) -> Found<Ending> {
        let closing = |is_part| Ending::Closing { is_part };
        let thoughts = marks::THOUGHTS
            .iter()
            .filter(|_| in_thought)
            .map(|(_, close)| (*close, Ending::Thought));
        match self.kind {
            Kind::Marked(mark) => {
                let close = (!mark.close.is_empty()).then_some((mark.close, closing(true)));
                // Not at its own beginning.
                let again = (self.scanned > 0).then_some((mark.open, closing(false)));
                marks::longest(rest, end, thoughts.chain(close).chain(again))
            }
            Kind::Message => {
                let ends = marks::MESSAGE_ENDS.iter().map(|mark| (*mark, closing(true)));
                let next = [marks::START, marks::CHANNEL].map(|mark| (mark, closing(false)));
                marks::longest(rest, end, thoughts.chain(ends).chain(next))
            }
            Kind::Bare => marks::longest(rest, end, thoughts),
        }
    }

    /// Whether the block goes on here, behind a whole value.
    fn goes_on(&self, rest: &str, end: bool) -> Found<()> {
        if rest.starts_with('`') && matches!(self.kind, Kind::Marked(_)) {
            return Found::Whole((), 1);
        }
        marks::longest(rest, end, MORE.iter().map(|tag| (*tag, ())))
    }

    /// What the first bytes of the body say.
    fn begins(&self, body: &str, end: bool) -> Found<Shape> {
        if let Kind::Marked(mark) = self.kind
            && mark.is_inside
        {
            return Self::begins_inside(mark, body, end);
        }
        if self.kind == Kind::Bare {
            return Found::Whole(Shape::Value, 0);
        }
        let is_llama = self.is_llama();
        let trimmed = body.trim_start();
        if body.len() - trimmed.len() > MAX_NAME_BYTES {
            return Found::Nothing;
        }
        let Some(first) = trimmed.bytes().next() else {
            return if end { Found::Whole(Shape::Other, 0) } else { Found::Part };
        };
        match first {
            b'{' | b'[' | b'<' => return Found::Whole(Shape::Value, 0),
            b'`' => return Found::Whole(Shape::Other, 0),
            _ if is_llama => return Found::Whole(Shape::Other, 0),
            _ => {}
        }
        let word = trimmed.trim_start_matches(is_name_char);
        let name = trimmed.len() - word.len();
        if name > MAX_NAME_BYTES {
            return Found::Nothing;
        }
        if word.is_empty() {
            // A name that is being written.
            return if end { Found::Whole(Shape::Other, 0) } else { Found::Part };
        }
        let next = word.trim_start_matches([' ', '\t', '\r']);
        if word.len() - next.len() > MAX_NAME_BYTES {
            return Found::Nothing;
        }
        match next.bytes().next() {
            None if !end => Found::Part,
            None | Some(b'\n' | b'<' | b'{' | b'(' | b'[' | b'`') if name > 0 => {
                let is_value = self.is_mistral() && word.starts_with(['{', '[', ' ']);
                Found::Whole(if is_value { Shape::Value } else { Shape::Other }, 0)
            }
            _ if word.starts_with('｜') => Found::Whole(Shape::Other, 0),
            _ => Found::Nothing,
        }
    }

    /// The name behind `<function=` and its like.
    fn begins_inside(mark: &CallMark, body: &str, end: bool) -> Found<Shape> {
        let rest = &body[mark.open.len()..];
        if !mark.open.ends_with('=') {
            return Found::Whole(Shape::Other, 0);
        }
        let name = rest.trim_start_matches(['"', '\'']);
        let behind = name.trim_start_matches(is_name_char);
        let length = name.len() - behind.len();
        if rest.len() - behind.len() > MAX_NAME_BYTES {
            return Found::Nothing;
        }
        if behind.is_empty() {
            return if end { Found::Nothing } else { Found::Part };
        }
        match behind.bytes().next() {
            Some(b'>' | b'"' | b'\'' | b'{' | b'\n' | b' ') if length > 0 => {
                Found::Whole(Shape::Other, 0)
            }
            _ => Found::Nothing,
        }
    }

    fn is_llama(&self) -> bool {
        matches!(self.kind, Kind::Marked(mark) if mark.close == marks::LLAMA_END)
    }

    fn is_mistral(&self) -> bool {
        matches!(self.kind, Kind::Marked(mark) if mark.open == "[TOOL_CALLS]")
    }
}

/// Tags behind a whole call between marks that belong to the same marks.
const MORE: [&str; 12] = [
    "<function",
    "<invoke",
    "<parameter",
    "<｜DSML｜",
    "</｜DSML｜",
    "<|tool_call",
    "<｜tool",
    "<｜/tool",
    "</function",
    "</invoke",
    "<|\"|>",
    "</parameter",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// `is_part` says that the mark belongs to the block.
    Closing { is_part: bool },
    /// The thought around it ends.
    Thought,
}

/// The most bytes of a tool's name, and of what stands before it.
const MAX_NAME_BYTES: usize = 128;

/// Whether a tool's name may hold a character.
pub fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.:/$".contains(c)
}
