use super::block::{Block, End, Kind, MAX_CALL_BYTES};
use super::body::{self, Calls};
use super::fence::{self, LineIs, MAX_FENCE_BYTES, Quote};
use super::harmony::{self, Header, Read};
use super::marks::{self, Found, Mark};
use super::output::{Output, Voice};
use super::resolve::Tools;
use super::{ReplyOptions, ReplyPiece};

/// Reads a reply apart while it is written.
///
/// However a reply is cut into pieces, what comes out is the same, texts and
/// thoughts in a row joined. Text is given out at once, a call when it is
/// whole. What is kept is a call's text, a million bytes at most; the time is
/// linear in the reply's length.
///
/// ```
/// use mlxcode_models::{ReplyOptions, ReplyPiece, ReplyReader, ToolSpec};
/// use serde_json::json;
///
/// let read_file = ToolSpec {
///     name: "read_file".into(),
///     description: "Reads a file.".into(),
///     parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
/// };
/// let options = ReplyOptions { tools: vec![read_file], ..ReplyOptions::default() };
/// let mut reader = ReplyReader::new(options);
/// let mut pieces = reader.push("I look.\n<tool_call>{\"name\": \"read_file\", ");
/// pieces.extend(reader.push("\"arguments\": {\"path\": \"a.txt\"}}</tool_call>"));
/// pieces.extend(reader.finish());
/// let [ReplyPiece::Text(text), ReplyPiece::ToolCall(call)] = &pieces[..] else { panic!() };
/// assert_eq!((text.as_str(), call.name.as_str()), ("I look.", "read_file"));
/// ```
#[derive(Clone, Debug)]
pub struct ReplyReader {
    pub(super) tools: Tools,
    out: Output,
    buffer: String,
    /// Where in the buffer begins what is not decided.
    at: usize,
    /// How many bytes were taken off the buffer's beginning.
    offset: u64,
    state: State,
    line: Line,
    /// Whether a header of gpt-oss was seen.
    is_harmony: bool,
    /// Whether a call seemed to end in a string and did.
    is_trusting: bool,
    /// Before this place no call begins that nothing marks.
    unmarked_from: u64,
    /// What ends the answer that a mark began.
    answer_end: Option<&'static str>,
}

/// What is known of the line that is being read.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// Only spaces were seen in it.
    is_start: bool,
    /// The byte before.
    before: u8,
    quote: Option<Quote>,
    /// Nothing was said since a call or a thought ended.
    is_behind: bool,
    /// Nothing was said at all.
    is_first: bool,
}

#[derive(Clone, Debug)]
enum State {
    Text,
    Thought(Close),
    /// A call, or several between the same marks.
    Call(Block),
    /// A message of gpt-oss to this tool.
    Message(Block, String),
    /// A fence that may hold calls.
    Fence {
        quote: Quote,
        body: usize,
        scanned: usize,
    },
    /// Calls inside a thought, which count where the reply ends with them.
    Held {
        close: Close,
        calls: Vec<(usize, Calls)>,
        end: usize,
        block: Option<Block>,
    },
    /// The rest of a call that is too long.
    Skip(&'static str),
}

/// What ends a thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    /// Any closing mark: the template opened it.
    Any,
    Mark(&'static str),
    /// The end of a message of gpt-oss.
    Message,
}

/// What stands at a place of a text.
enum Look {
    /// So many bytes of text.
    Pass(usize),
    /// So many bytes that say nothing.
    Drop(usize),
    Wait,
    /// Something else begins behind so many bytes.
    Enter(State, usize),
    /// Nothing of the text is a mark before the next line.
    Opening(Quote, usize),
    Closing(usize),
    Header,
}

impl ReplyReader {
    /// A reader before the first word.
    pub fn new(options: ReplyOptions) -> Self {
        let state = if options.starts_thinking { State::Thought(Close::Any) } else { State::Text };
        let mut out = Output::default();
        if options.starts_thinking {
            out.turn(Voice::Thought);
        }
        Self {
            tools: Tools::new(options.tools, options.calls_before),
            out,
            buffer: String::new(),
            at: 0,
            offset: 0,
            state,
            line: Line {
                is_start: true,
                before: b'\n',
                quote: None,
                is_behind: false,
                is_first: true,
            },
            is_harmony: false,
            is_trusting: false,
            unmarked_from: 0,
            answer_end: None,
        }
    }

    /// Takes more of the reply and gives what became certain.
    pub fn push(&mut self, text: &str) -> Vec<ReplyPiece> {
        self.buffer.push_str(text);
        self.run(false);
        self.compact();
        self.out.take()
    }

    /// Ends the reply and gives the rest. A call that is cut off is broken; a
    /// thought that is left open was one.
    pub fn finish(&mut self) -> Vec<ReplyPiece> {
        self.run(true);
        self.compact();
        self.out.finish();
        self.out.take()
    }

    fn compact(&mut self) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.offset += self.at as u64;
            self.at = 0;
        }
    }

    fn run(&mut self, end: bool) {
        loop {
            let state = std::mem::replace(&mut self.state, State::Text);
            let (state, goes_on) = match state {
                State::Text => self.text(end),
                State::Thought(close) => self.thought(close, end),
                State::Call(block) => self.call(block, end),
                State::Message(block, name) => self.message(block, name, end),
                State::Fence { quote, body, scanned } => self.fence(quote, body, scanned, end),
                State::Held { close, calls, end: at, block } => {
                    self.held(close, calls, at, block, end)
                }
                State::Skip(close) => self.skip(close, end),
            };
            self.state = state;
            if !goes_on {
                break;
            }
        }
    }

    fn text(&mut self, end: bool) -> (State, bool) {
        let mut i = self.at;
        while i < self.buffer.len() {
            match self.look(i, end) {
                Look::Wait => {
                    self.say(i);
                    return (State::Text, false);
                }
                Look::Pass(length) => {
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Drop(length) => {
                    self.say(i);
                    self.at = i + length;
                    i = self.at;
                    self.line.is_start = true;
                }
                Look::Opening(quote, length) => {
                    self.line.quote = Some(quote);
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Closing(length) => {
                    self.line.quote = None;
                    self.pass(i, i + length);
                    i += length;
                }
                Look::Enter(state, length) => {
                    self.say(i);
                    self.at = i + length;
                    self.enter(&state);
                    return (state, true);
                }
                Look::Header => {
                    self.say(i);
                    match self.header(end) {
                        Some(step) => return step,
                        None => {
                            self.pass(i, i + 1);
                            i += 1;
                        }
                    }
                }
            }
        }
        self.say(i);
        (State::Text, false)
    }

    /// Says the text up to `end`.
    fn say(&mut self, end: usize) {
        self.out.write(Voice::Said, &self.buffer[self.at..end]);
        self.at = end;
    }

    /// Follows lines through a text.
    fn pass(&mut self, from: usize, to: usize) {
        for &byte in &self.buffer.as_bytes()[from..to] {
            match byte {
                b'\n' => self.line.is_start = true,
                b' ' | b'\t' | b'\r' => {}
                _ => {
                    self.line.is_start = false;
                    self.line.is_behind = false;
                    self.line.is_first = false;
                }
            }
            self.line.before = byte;
        }
    }

    fn enter(&mut self, state: &State) {
        match state {
            State::Thought(_) => self.out.turn(Voice::Thought),
            State::Fence { .. } | State::Call(_) => {}
            _ => self.behind(),
        }
    }

    /// A call or a thought has ended.
    fn behind(&mut self) {
        self.line.is_start = true;
        self.line.is_behind = true;
        self.line.is_first = false;
        self.line.before = b'\n';
    }

    fn look(&self, i: usize, end: bool) -> Look {
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
        if marks::may_begin(byte) && line.before != b'`' {
            if let Some(look) = self.look_at_mark(i, rest, end) {
                return look;
            }
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
                Found::Whole((), length) => return Some(Look::Drop(length)),
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
            (Mark::MessageEnd, length) => Some(Look::Drop(length)),
            _ if line.quote.is_some() => None,
            (Mark::Dropped, length) => Some(Look::Drop(length)),
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
            let answers = marks::ANSWERS.iter().map(|(open, _)| (*open, ()));
            let closes = marks::CALLS.iter().map(|mark| (mark.close, ()));
            let marks = answers.chain(closes).filter(|(mark, ())| !mark.is_empty());
            match marks::longest(rest, end, marks) {
                Found::Part => return Some(Look::Wait),
                Found::Whole((), length) => return Some(Look::Drop(length)),
                Found::Nothing => {}
            }
        }
        match marks::longest(rest, end, marks::THOUGHTS.iter().map(|(_, close)| (*close, ()))) {
            Found::Part => Some(Look::Wait),
            Found::Nothing => None,
            Found::Whole((), length) => match rest.as_bytes().get(length) {
                _ if line.is_start => Some(Look::Drop(length)),
                None if !end => Some(Look::Wait),
                None | Some(b'\n' | b'\r') => Some(Look::Drop(length)),
                Some(_) => None,
            },
        }
    }

    /// Reads the header at the beginning of what is not decided; `None` where
    /// it is text.
    fn header(&mut self, end: bool) -> Option<(State, bool)> {
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
                        self.out.turn(Voice::Said);
                        State::Text
                    }
                    Header::Call(name) => State::Message(Block::new(Kind::Message, after), name),
                };
                Some((state, true))
            }
        }
    }

    fn thought(&mut self, close: Close, end: bool) -> (State, bool) {
        let mut i = self.at;
        while i < self.buffer.len() {
            let rest = &self.buffer[i..];
            let byte = rest.as_bytes()[0];
            if !marks::may_begin(byte) && byte != b'H' {
                self.pass(i, i + 1);
                i += 1;
                continue;
            }
            match self.look_in_thought(close, rest, end) {
                Found::Part => break,
                Found::Nothing => {
                    self.pass(i, i + 1);
                    i += 1;
                }
                Found::Whole(InThought::End, length) => {
                    self.think(i);
                    self.at = i + length;
                    self.out.turn(Voice::Said);
                    self.behind();
                    return (State::Text, true);
                }
                Found::Whole(InThought::Again, length) => {
                    self.think(i);
                    self.at = i + length;
                    i = self.at;
                }
                Found::Whole(InThought::Call(block), _) => {
                    self.think(i);
                    let calls = Vec::new();
                    return (State::Held { close, calls, end: 0, block: Some(block) }, true);
                }
            }
        }
        self.think(i);
        (State::Thought(close), false)
    }

    fn think(&mut self, end: usize) {
        self.out.write(Voice::Thought, &self.buffer[self.at..end]);
        self.at = end;
    }

    fn look_in_thought(&self, close: Close, rest: &str, end: bool) -> Found<InThought> {
        let ends: Vec<(&str, usize)> = match close {
            Close::Mark(mark) => vec![(mark, 0)],
            Close::Any => marks::THOUGHTS.iter().map(|(_, close)| (*close, 0)).collect(),
            Close::Message => marks::MESSAGE_ENDS
                .iter()
                .map(|mark| (*mark, 0))
                .chain([(marks::START, 1), (marks::CHANNEL, 1)])
                .collect(),
        };
        match marks::longest(rest, end, ends.into_iter()) {
            Found::Part => return Found::Part,
            Found::Whole(1, _) => return Found::Whole(InThought::End, 0),
            Found::Whole(_, length) => {
                // A thought about the mark.
                let next = rest.as_bytes().get(length);
                return match (self.line.before, next) {
                    (b'`', None) if !end => Found::Part,
                    (b'`', Some(b'`')) => Found::Nothing,
                    _ => Found::Whole(InThought::End, length),
                };
            }
            Found::Nothing => {}
        }
        if close == Close::Message {
            return Found::Nothing;
        }
        if self.line.is_first || self.out.is_fresh() {
            let opens = marks::THOUGHTS.iter().map(|(open, _)| (*open, ()));
            match marks::longest(rest, end, opens) {
                Found::Part => return Found::Part,
                Found::Whole((), length) => return Found::Whole(InThought::Again, length),
                Found::Nothing => {}
            }
        }
        if !self.line.is_start || self.tools.is_empty() {
            return Found::Nothing;
        }
        match marks::longest(rest, end, marks::CALLS.iter().map(|mark| (mark.open, mark))) {
            Found::Part => Found::Part,
            Found::Nothing => Found::Nothing,
            Found::Whole(mark, length) => {
                Found::Whole(InThought::Call(Block::marked(mark)), length)
            }
        }
    }

    /// Calls in a thought. `at` is where, behind what is not decided, the last
    /// of them ended.
    fn held(
        &mut self,
        close: Close,
        mut calls: Vec<(usize, Calls)>,
        mut at: usize,
        block: Option<Block>,
        end: bool,
    ) -> (State, bool) {
        if let Some(mut block) = block {
            let text = &self.buffer[self.at + at..];
            match block.scan(text, end, true, self.is_trusting) {
                End::Wait => {
                    return (State::Held { close, calls, end: at, block: Some(block) }, false);
                }
                End::At { body_end, after, was_doubtful } => {
                    self.is_trusting |= was_doubtful;
                    let read = body::read(&text[block.body..body_end], false);
                    at += after;
                    calls.push((at, read));
                }
                End::Open => {
                    let read = body::read(&text[block.body..], true);
                    let is_call = read
                        .iter()
                        .any(|call| call.as_ref().is_ok_and(|call| self.tools.has(&call.name)));
                    if is_call {
                        at = self.buffer.len() - self.at;
                        calls.push((at, read));
                    } else {
                        return self.only_thought(close, at + block.body.max(1));
                    }
                }
                End::TooLong | End::NotOne => {
                    return self.only_thought(close, at + block.body.max(1));
                }
            }
        }
        let rest = &self.buffer[self.at + at..];
        let text = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        if text.is_empty() && end {
            self.calls_of(calls);
            return (State::Text, true);
        }
        let behind = at + rest.len() - text.len();
        if behind > MAX_CALL_BYTES {
            return self.only_thought(close, at);
        }
        if text.is_empty() {
            return (State::Held { close, calls, end: at, block: None }, false);
        }
        match marks::longest(text, end, marks::CALLS.iter().map(|mark| (mark.open, mark))) {
            Found::Part => (State::Held { close, calls, end: at, block: None }, false),
            Found::Nothing => self.only_thought(close, at),
            Found::Whole(mark, _) => {
                let block = Some(Block::marked(mark));
                (State::Held { close, calls, end: behind, block }, true)
            }
        }
    }

    /// What looked like calls is part of the thought, for so many bytes.
    fn only_thought(&mut self, close: Close, length: usize) -> (State, bool) {
        let mut end = (self.at + length).min(self.buffer.len());
        while !self.buffer.is_char_boundary(end) {
            end += 1;
        }
        self.pass(self.at, end);
        self.think(end);
        (State::Thought(close), true)
    }

    /// The reply ends with calls inside a thought: they are calls.
    fn calls_of(&mut self, calls: Vec<(usize, Calls)>) {
        let mut from = 0;
        for (to, calls) in calls {
            let text = self.buffer[self.at + from..self.at + to].trim().to_owned();
            self.give(calls, &text);
            from = to;
        }
        self.at = self.buffer.len();
        self.behind();
    }

    fn give(&mut self, calls: Calls, text: &str) {
        for call in calls {
            let piece = self.tools.piece(call, text);
            self.out.call(piece);
        }
    }

    fn call(&mut self, mut block: Block, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let (body_end, after, is_open) = match block.scan(text, end, false, self.is_trusting) {
            End::Wait => return (State::Call(block), false),
            End::At { body_end, after, was_doubtful } => {
                self.is_trusting |= was_doubtful;
                (body_end, after, false)
            }
            End::Open => (text.len(), text.len(), true),
            End::NotOne => return self.not_a_call(&block),
            End::TooLong if block.kind == Kind::Bare => return self.not_a_call(&block),
            End::TooLong => return self.too_long(&block),
        };
        let body = &text[block.body..body_end];
        let calls = match block.kind {
            Kind::Bare => match fence::unmarked(body, is_open, &self.tools) {
                Some(calls) => calls,
                None => return self.not_a_call(&block),
            },
            // A closing mark that was written as an opening one.
            _ if body.trim().is_empty() && is_open && self.line.is_behind => Calls::new(),
            _ => body::read(body, is_open),
        };
        let raw = text[..after].trim_end().to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    /// What seemed to be a call is text, and is read as such.
    fn not_a_call(&mut self, block: &Block) -> (State, bool) {
        if block.kind == Kind::Bare {
            self.unmarked_from = self.offset + (self.at + block.scanned()) as u64;
        }
        let first = self.buffer[self.at..].chars().next().map_or(0, char::len_utf8);
        self.pass(self.at, self.at + first);
        let end = self.at + first;
        self.say(end);
        (State::Text, true)
    }

    fn too_long(&mut self, block: &Block) -> (State, bool) {
        /// As much of it as shows what it was.
        const SHOWN_BYTES: usize = 2048;
        let text = &self.buffer[self.at..];
        let shown = (0..=SHOWN_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = text[..shown].to_owned();
        let reason = "The call is longer than a million bytes; make shorter ones.".to_owned();
        self.out.call(ReplyPiece::BrokenCall { text, reason });
        let close = match block.kind {
            Kind::Marked(mark) => mark.close,
            _ => marks::MESSAGE_ENDS[1],
        };
        let mut at = self.at + MAX_CALL_BYTES;
        while !self.buffer.is_char_boundary(at) {
            at += 1;
        }
        self.at = at;
        (State::Skip(close), true)
    }

    fn skip(&mut self, close: &'static str, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let found = if close.is_empty() { None } else { text.find(close) };
        if let Some(found) = found {
            self.at += found + close.len();
            self.behind();
            return (State::Text, true);
        }
        // The mark may be cut in two.
        let kept = if end { 0 } else { close.len() };
        let mut at = self.buffer.len().saturating_sub(kept).max(self.at);
        while !self.buffer.is_char_boundary(at) {
            at += 1;
        }
        self.at = at;
        (State::Skip(close), false)
    }

    fn message(&mut self, mut block: Block, name: String, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        let (body_end, after, is_open) = match block.scan(text, end, false, self.is_trusting) {
            End::Wait => return (State::Message(block, name), false),
            End::At { body_end, after, was_doubtful } => {
                self.is_trusting |= was_doubtful;
                (body_end, after, false)
            }
            End::Open => (text.len(), text.len(), true),
            End::TooLong | End::NotOne => return self.too_long(&block),
        };
        let calls = harmony::call(&name, &text[block.body..body_end], is_open);
        let raw = text[..after].trim_end().to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    fn fence(&mut self, quote: Quote, body: usize, scanned: usize, end: bool) -> (State, bool) {
        let text = &self.buffer[self.at..];
        if scanned == body {
            match fence::may_be_call(&text[body..], end, &self.tools) {
                Found::Part => return (State::Fence { quote, body, scanned }, false),
                Found::Nothing => return self.quoted(quote, body),
                Found::Whole((), _) => {}
            }
        }
        let mut at = scanned;
        while let Some(next) = text[at..].find('\n').map(|next| at + next + 1) {
            if next > MAX_FENCE_BYTES {
                return self.quoted(quote, body);
            }
            let line = text[next..].trim_start_matches([' ', '\t']);
            if line.is_empty() && !end {
                break;
            }
            let found = match line.is_empty() {
                true => Found::Nothing,
                false => fence::line(line, end, Some(quote)),
            };
            match found {
                Found::Part => break,
                Found::Whole(LineIs::Closing, length) => {
                    let after = text.len() - line.len() + length;
                    return self.fenced(quote, body, next, after);
                }
                _ => at = next,
            }
        }
        if end {
            // The fence is left open where the reply ends.
            let length = text.len();
            return self.fenced(quote, body, length, length);
        }
        match text.len() > 2 * MAX_FENCE_BYTES {
            true => self.quoted(quote, body),
            false => (State::Fence { quote, body, scanned: at.max(body + 1) }, false),
        }
    }

    fn fenced(&mut self, quote: Quote, body: usize, to: usize, after: usize) -> (State, bool) {
        let is_open = to == self.buffer.len() - self.at;
        let inner = &self.buffer[self.at + body..self.at + to];
        let Some(calls) = fence::unmarked(inner, is_open, &self.tools) else {
            return self.quoted(quote, body);
        };
        let raw = self.buffer[self.at..self.at + after].to_owned();
        self.give(calls, &raw);
        self.at += after;
        self.behind();
        (State::Text, true)
    }

    /// The fence quotes.
    fn quoted(&mut self, quote: Quote, body: usize) -> (State, bool) {
        self.line.quote = Some(quote);
        self.pass(self.at, self.at + body);
        let end = self.at + body;
        self.say(end);
        (State::Text, true)
    }
}

/// What ends or interrupts a thought.
enum InThought {
    End,
    /// The mark that opened it, once more.
    Again,
    Call(Block),
}
