/// Follows a call byte by byte: what stands in a string or in a value between
/// tags cannot end it.
///
/// A quote ends a string only where JSON or Python goes on behind it, which in
/// valid JSON is always so: a quote that somebody forgot to escape is passed.
#[derive(Clone, Debug, Default)]
pub struct Automaton {
    depth: u32,
    string: Option<InString>,
    /// What ends the value between tags that is open.
    value: Option<&'static str>,
    /// The last byte that is no space, outside of strings.
    before: u8,
}

#[derive(Clone, Copy, Debug)]
struct InString {
    quote: u8,
    is_escaped: bool,
    /// A quote was seen, and what follows it says whether it ends the string.
    may_end: bool,
}

/// What a step passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes.
    Passed(usize),
    /// So many bytes, behind which a whole value has ended.
    Whole(usize),
    /// Nothing: more has to be seen.
    Wait,
}

/// Values between tags, by what opens and what ends them.
const VALUES: [(&str, &str); 5] = [
    ("<parameter", "</parameter>"),
    ("<arg_value>", "</arg_value>"),
    ("<｜DSML｜parameter", "</｜DSML｜parameter>"),
    ("<|\"|>", "<|\"|>"),
    ("<arg_key>", "</arg_key>"),
];

/// Tags behind which a call may be whole.
const ENDS: [&str; 3] = ["</function>", "</invoke>", "</｜DSML｜invoke>"];

/// Marks in brackets that open nothing.
const BRACKETS: [&str; 3] = ["[CALL_ID]", "[ARGS]", "[/TOOL_CALLS]"];

impl Automaton {
    /// Whether a mark here would stand in a string or in a value.
    pub fn is_inside(&self) -> bool {
        self.value.is_some() || self.string.is_some_and(|string| !string.may_end)
    }

    /// Whether every bracket is closed.
    pub fn is_level(&self) -> bool {
        self.depth == 0 && self.value.is_none()
    }

    /// Goes on by what stands at the beginning of `text`, which is not empty.
    pub fn step(&mut self, text: &str, end: bool) -> Step {
        let byte = text.as_bytes()[0];
        if let Some(close) = self.value {
            return match super::marks::longest(text, end, [(close, ())].into_iter()) {
                _ if byte != b'<' => Step::Passed(1),
                super::marks::Found::Part => Step::Wait,
                super::marks::Found::Nothing => Step::Passed(1),
                super::marks::Found::Whole((), length) => {
                    self.value = None;
                    Step::Passed(length)
                }
            };
        }
        if let Some(string) = &mut self.string {
            if !string.may_end {
                if string.is_escaped {
                    string.is_escaped = false;
                } else if byte == b'\\' {
                    string.is_escaped = true;
                } else if byte == string.quote {
                    string.may_end = true;
                }
                return Step::Passed(1);
            }
            if byte.is_ascii_whitespace() {
                return Step::Passed(1);
            }
            if !matches!(byte, b',' | b':' | b'}' | b']' | b')' | b'<') {
                string.may_end = byte == string.quote;
                string.is_escaped = byte == b'\\';
                return Step::Passed(1);
            }
            self.before = string.quote;
            self.string = None;
        }
        self.step_outside(text, byte, end)
    }

    fn step_outside(&mut self, text: &str, byte: u8, end: bool) -> Step {
        use super::marks::{Found, longest};

        match byte {
            b'<' => {
                let values = VALUES.iter().map(|(open, close)| (*open, Some(*close)));
                let ends = ENDS.iter().map(|tag| (*tag, None));
                match longest(text, end, values.chain(ends)) {
                    Found::Part => return Step::Wait,
                    Found::Whole(close, length) => {
                        self.before = b'>';
                        self.value = close;
                        return match close {
                            Some(_) => Step::Passed(length),
                            None => Step::Whole(length),
                        };
                    }
                    Found::Nothing => {}
                }
            }
            b'[' if self.depth == 0 => {
                match longest(text, end, BRACKETS.iter().map(|mark| (*mark, ()))) {
                    Found::Part => return Step::Wait,
                    Found::Whole((), length) => return Step::Passed(length),
                    Found::Nothing => self.depth += 1,
                }
            }
            b'{' | b'[' | b'(' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' | b')' => {
                let was_open = self.depth > 0;
                self.depth = self.depth.saturating_sub(1);
                self.before = byte;
                if was_open && self.depth == 0 {
                    return Step::Whole(1);
                }
            }
            b'"' | b'\'' if self.depth > 0 && self.opens_string(byte) => {
                self.string = Some(InString { quote: byte, is_escaped: false, may_end: false });
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.before = byte;
        }
        Step::Passed(1)
    }

    /// An apostrophe is a quote only where a value may stand.
    fn opens_string(&self, byte: u8) -> bool {
        byte == b'"' || matches!(self.before, b'{' | b'[' | b'(' | b',' | b':' | b'=')
    }
}
