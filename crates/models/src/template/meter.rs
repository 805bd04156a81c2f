//! How much one rendering may make.
//!
//! A template comes with a model from anywhere, and forty lines of it can
//! double a text forty times. All that a template makes is counted, kept or
//! not, so that what it holds at any time is less.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// What a rendering may make in all, and for each byte of the conversation:
/// a real template copies a message a few times, and one that joins them all,
/// one by one, copies them as often as there are messages. Less than any model
/// takes.
const MOST_BYTES: u64 = 256 << 20;
const MOST_TIMES: u64 = 64;

/// The same for one text.
const LONGEST_BYTES: u64 = 4 << 20;
const LONGEST_TIMES: u64 = 8;

/// About what an item of a list or a map takes.
const ITEM_BYTES: u64 = 64;

/// Beyond any real template; showing or dropping a value takes as much of the
/// stack as it is deep.
const MOST_NESTING: usize = 32;

/// What is left of what one rendering may make.
#[derive(Debug)]
pub struct Meter {
    left: AtomicU64,
    longest: u64,
}

impl Meter {
    /// For a conversation, and the template itself, of so many bytes.
    pub fn new(input_bytes: usize) -> Self {
        let input = input_bytes as u64;
        Self {
            left: AtomicU64::new(MOST_BYTES.saturating_add(input.saturating_mul(MOST_TIMES))),
            longest: LONGEST_BYTES.saturating_add(input.saturating_mul(LONGEST_TIMES)),
        }
    }

    /// The most bytes of one text.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    fn take(&self, bytes: u64) -> Result<(), Error> {
        let take = |left: u64| left.checked_sub(bytes);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(drop).map_err(|_| too_much())
    }

    /// Checks that a text of so many bytes may be made; it counts when it is.
    pub fn text_fits(&self, bytes: u64) -> Result<(), Error> {
        let fits = bytes <= self.longest && bytes <= self.left.load(Ordering::Relaxed);
        if fits { Ok(()) } else { Err(too_much()) }
    }

    /// The same for a list of so many items.
    pub fn items_fit(&self, count: u64) -> Result<(), Error> {
        let bytes = count.saturating_mul(ITEM_BYTES);
        if bytes <= self.left.load(Ordering::Relaxed) { Ok(()) } else { Err(too_much()) }
    }

    /// Counts a value as a text.
    pub fn shown(&self, value: &Value) -> Result<(), Error> {
        self.take(self.length(value)?)
    }

    /// The bytes of a value as a text.
    pub fn length(&self, value: &Value) -> Result<u64, Error> {
        let bytes = if let Some(text) = value.as_str() {
            text.len() as u64
        } else {
            let mut count = Count { bytes: 0, most: self.longest };
            write!(count, "{value}").map_err(|_| too_much())?;
            count.bytes
        };
        self.text_fits(bytes)?;
        Ok(bytes)
    }

    /// Counts what was made. What is computed while it is read, and could be
    /// stacked without end, becomes a list.
    pub fn kept(&self, value: Value) -> Result<Value, Error> {
        if let Some(text) = value.as_str() {
            self.text_fits(text.len() as u64)?;
            self.take(text.len() as u64)?;
            return Ok(value);
        }
        self.walk(&value, 0)?;
        if value.kind() != ValueKind::Iterable {
            return Ok(value);
        }
        Ok(Value::from(value.try_iter()?.collect::<Vec<Value>>()))
    }

    /// Counts what a namespace is to hold.
    pub fn held(&self, value: Value) -> Result<Value, Error> {
        self.walk(&value, 1)?;
        Ok(value)
    }

    /// Counts every item, one that is there twice twice, as showing does.
    fn walk(&self, value: &Value, depth: usize) -> Result<(), Error> {
        let map = match value.kind() {
            ValueKind::Map => true,
            ValueKind::Seq | ValueKind::Iterable => false,
            _ => return Ok(()),
        };
        if depth > MOST_NESTING {
            return Err(refused("a value is nested too deep"));
        }
        // Each could be computed from the one before, as deep as it goes.
        if depth > 0 && value.kind() == ValueKind::Iterable {
            return Err(refused("what is computed while it is read can be no part of a value"));
        }
        // It could hold itself.
        if depth > 0 && is_namespace(value) {
            return Err(refused("a namespace can be no part of a value"));
        }
        for item in value.try_iter()? {
            self.take(ITEM_BYTES)?;
            if map {
                self.walk(&value.get_item(&item)?, depth + 1)?;
            }
            self.walk(&item, depth + 1)?;
        }
        Ok(())
    }
}

/// The error of a template that may not do what it does.
pub fn refused(words: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, words)
}

fn too_much() -> Error {
    refused("it makes more text than any conversation needs")
}

/// Whether values can be set in it.
pub fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

struct Count {
    bytes: u64,
    most: u64,
}

impl Write for Count {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        if self.bytes > self.most { Err(fmt::Error) } else { Ok(()) }
    }
}
