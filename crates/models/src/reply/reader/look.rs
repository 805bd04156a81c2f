//! What stands at a place of a text.

use super::{Close, Look, ReplyReader, State};
use crate::reply::block::{Block, Kind};
use crate::reply::fence::{self, LineIs};
use crate::reply::harmony::{self, Header, Read};
use crate::reply::marks::{self, Found, Mark};
use crate::reply::output::Voice;

impl ReplyReader {
    pub(super) fn look(&self, i: usize, end: bool) -> Look {
        let rest = &self.buffer[i..];
        let byte = rest.as_bytes()[0];
        let line = self.line;
        if line.is_start && fence::may_begin(byte) {
            match fence::line(rest, end, line.quote) {
                Found::Part => return Look::Wait,
                Found::Whole(LineIs::Closing, length) => return Look::Closing(length),
                Found::Whole(LineIs::Opening { quote, may_call }, length) => {
                    let is_new = self.offset + i as u64 >= self.unmarked_from;
                    if may_call && is_new && !self.tools.is_empty() {
                        let state = State::Fence { quote, body: length, scanned: length };
                        return Look::Enter(state, 0);
                    }
                    return Look::Opening(quote, length);
                }
                Found::Nothing => {}
            }
        }
        let may_begin = marks::may_begin(byte) || (line.is_start && byte == b'f');
        if may_begin
            && line.before != b'`'
            && let Some(look) = self.look_at_mark(i, rest, end)
        {
            return look;
        }
        if line.quote.is_some() {
            return Look::Pass(1);
        }
        if line.is_first && byte == b'H' {
            let words = marks::WORDS.iter().map(|(open, close)| (*open, *close));
            match marks::longest(rest, end, words) {
                Found::Part => return Look::Wait,
                Found::Whole(close, length) => {
                    return Look::Enter(State::Thought(Close::Mark(close)), length);
                }
                Found::Nothing => {}
            }
        }
        if line.is_start && matches!(byte, b'{' | b'[') && !self.tools.is_empty() {
            return self.look_at_json(i, rest, end);
        }
        Look::Pass(1)
    }

    fn look_at_json(&self, i: usize, rest: &str, end: bool) -> Look {
        if self.offset + (i as u64) < self.unmarked_from {
            return Look::Pass(1);
        }
        match fence::may_be_call(rest, end, &self.tools) {
            Found::Part => Look::Wait,
            Found::Nothing => Look::Pass(1),
            Found::Whole((), _) => Look::Enter(State::Call(Block::new(Kind::Bare, 0)), 0),
        }
    }

    fn look_at_mark(&self, i: usize, rest: &str, end: bool) -> Option<Look> {
        let line = self.line;
        if let Some(close) = self.answer_end {
            match marks::longest(rest, end, [(close, ())].into_iter()) {
                Found::Part => return Some(Look::Wait),
                Found::Whole((), length) => return Some(Look::Drop(length, None)),
                Found::Nothing => {}
            }
        }
        let has_tools = !self.tools.is_empty();
        let mark = match marks::mark_at(rest, end, has_tools, self.is_harmony) {
            Found::Part => return Some(Look::Wait),
            Found::Nothing => return self.look_at_stray(rest, end),
            Found::Whole(mark, length) => (mark, length),
        };
        match mark {
            (Mark::Header, _) if line.quote.is_none() || self.is_harmony => Some(Look::Header),
            (Mark::MessageEnd, length) => Some(Look::Drop(length, None)),
            _ if line.quote.is_some() => None,
            (Mark::Dropped, length) => Some(Look::Drop(length, None)),
            (Mark::Thought(close), length) => {
                let common = ["</think>", "</thinking>", "</mm:think>", "</seed:think>"];
                let may = match common.contains(&close) {
                    true => line.is_start,
                    false if close.starts_with("</") => line.is_first,
                    false => true,
                };
                let state = State::Thought(Close::Mark(close));
                may.then_some(Look::Enter(state, length))
            }
            (Mark::Call(mark), _) => {
                let is_new = self.offset + i as u64 >= self.unmarked_from;
                let may = is_new || !mark.open.starts_with("functools");
                may.then(|| Look::Enter(State::Call(Block::marked(mark)), 0))
            }
            (Mark::Header, _) => None,
        }
    }

    /// Closing marks that nothing opened.
    fn look_at_stray(&self, rest: &str, end: bool) -> Option<Look> {
        let line = self.line;
        if line.quote.is_some() {
            return None;
        }
        if line.is_behind {
            let answers = marks::ANSWERS.iter().map(|(open, close)| (*open, Some(*close)));
            let closes = marks::CALLS.iter().map(|mark| (mark.close, None));
            let marks = answers.chain(closes).filter(|(mark, _)| !mark.is_empty());
            match marks::longest(rest, end, marks) {
                Found::Part => return Some(Look::Wait),
                Found::Whole(answer, length) => return Some(Look::Drop(length, answer)),
                Found::Nothing => {}
            }
        }
        match marks::longest(rest, end, marks::THOUGHTS.iter().map(|(_, close)| (*close, ()))) {
            Found::Part => Some(Look::Wait),
            Found::Nothing => None,
            Found::Whole((), length) => match rest.as_bytes().get(length) {
                _ if line.is_start => Some(Look::Drop(length, None)),
                None if !end => Some(Look::Wait),
                None | Some(b'\n' | b'\r') => Some(Look::Drop(length, None)),
                Some(_) => None,
            },
        }
    }

    /// Reads the header at the beginning of what is not decided; `None` where
    /// it is text.
    pub(super) fn header(&mut self, end: bool) -> Option<(State, bool)> {
        match harmony::header(&self.buffer[self.at..], end) {
            Read::Nothing => None,
            Read::Wait => Some((State::Text, false)),
            Read::CutOff => {
                self.at = self.buffer.len();
                Some((State::Text, true))
            }
            Read::Header(header, after) => {
                self.is_harmony = true;
                self.line.quote = None;
                self.behind();
                let state = match header {
                    Header::Thought => {
                        self.at += after;
                        self.out.turn(Voice::Thought);
                        State::Thought(Close::Message)
                    }
                    Header::Said => {
                        self.at += after;
                        self.out.paragraph();
                        State::Text
                    }
                    Header::Call(name) => State::Message(Block::new(Kind::Message, after), name),
                };
                Some((state, true))
            }
        }
    }
}
