//! Numbers and texts as few bytes.

/// Writes numbers in the form of LEB128: seven bits a byte, the lowest first.
#[derive(Debug, Default)]
pub struct Encoder {
    pub bytes: Vec<u8>,
}

impl Encoder {
    pub fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A number that may be negative, which is seldom far from zero.
    pub fn signed(&mut self, number: isize) {
        self.number(((number << 1) ^ (number >> (isize::BITS - 1))) as usize);
    }

    /// How far `to` lies behind `from`, which may be before it.
    pub fn step(&mut self, from: usize, to: usize) {
        self.signed(to.wrapping_sub(from) as isize);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// Reads what [`Encoder`] wrote. Everything is `None` where the bytes are not
/// of that kind: the file that they come from may be damaged.
#[derive(Debug)]
pub struct Decoder<'b> {
    bytes: &'b [u8],
}

impl<'b> Decoder<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn number(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<isize> {
        let number = self.number()?;
        Some((number >> 1) as isize ^ -((number & 1) as isize))
    }

    pub fn step(&mut self, from: usize) -> Option<usize> {
        from.checked_add_signed(self.signed()?)
    }

    /// A number of things, each of which takes a byte at least.
    pub fn count(&mut self) -> Option<usize> {
        self.number().filter(|count| *count <= self.bytes.len())
    }

    pub fn text(&mut self) -> Option<&'b str> {
        let (text, rest) = self.number().and_then(|len| self.bytes.split_at_checked(len))?;
        self.bytes = rest;
        std::str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            numbers in prop::collection::vec(any::<usize>(), 0..20),
            steps in prop::collection::vec((any::<u32>(), any::<u32>()), 0..20),
            text in ".*",
        ) {
            let mut out = Encoder::default();
            for number in &numbers {
                out.number(*number);
            }
            for (from, to) in &steps {
                out.step(*from as usize, *to as usize);
            }
            out.text(&text);
            let mut from = Decoder::new(&out.bytes);
            for number in &numbers {
                prop_assert_eq!(from.number(), Some(*number));
            }
            for (start, to) in &steps {
                prop_assert_eq!(from.step(*start as usize), Some(*to as usize));
            }
            prop_assert_eq!(from.text(), Some(text.as_str()));
            prop_assert!(from.is_at_end());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut from = Decoder::new(&bytes);
            while from.number().is_some() && from.text().is_some() && from.signed().is_some() {}
            prop_assert!(from.count().is_none() || !bytes.is_empty());
        }
    }
}
