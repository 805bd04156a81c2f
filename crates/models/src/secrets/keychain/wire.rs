//! Values as D-Bus lays them out: the D-Bus specification, "Type System" and
//! "Message Protocol". Little endian, as we write and every daemon passes on.

/// The most bytes of a message that is read: far above any secret.
pub const MOST_BYTES: usize = 1 << 20;

/// Writes values one after the other.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: zeroize::Zeroizing<Vec<u8>>,
}

impl Writer {
    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Zeros up to a multiple of `to`.
    pub fn align(&mut self, to: usize) -> &mut Self {
        let len = self.bytes.len().next_multiple_of(to);
        self.bytes.resize(len, 0);
        self
    }

    pub fn byte(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn uint(&mut self, value: u32) -> &mut Self {
        self.align(4).raw(&value.to_le_bytes())
    }

    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.uint(u32::from(value))
    }

    /// A string, and an object's path.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.uint(text.len() as u32).raw(text.as_bytes()).byte(0)
    }

    pub fn signature(&mut self, text: &str) -> &mut Self {
        self.byte(text.len() as u8).raw(text.as_bytes()).byte(0)
    }

    /// A list of bytes.
    pub fn blob(&mut self, bytes: &[u8]) -> &mut Self {
        self.uint(bytes.len() as u32).raw(bytes)
    }

    /// A list whose items begin on a multiple of `align`. Its length counts
    /// the items without the padding before the first.
    pub fn list(&mut self, align: usize, items: impl FnOnce(&mut Self)) -> &mut Self {
        self.uint(0);
        let length_at = self.bytes.len() - 4;
        self.align(align);
        let start = self.bytes.len();
        items(self);
        let length = (self.bytes.len() - start) as u32;
        self.bytes[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
        self
    }

    /// `a{ss}`.
    pub fn map(&mut self, pairs: &[(&str, &str)]) -> &mut Self {
        self.list(8, |list| {
            for (key, value) in pairs {
                list.align(8).string(key).string(value);
            }
        })
    }
}

/// Reads values one after the other; `None` where the bytes are not what they
/// should be.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn align(&mut self, to: usize) -> Option<&mut Self> {
        self.at = self.at.next_multiple_of(to);
        (self.at <= self.bytes.len()).then_some(self)
    }

    pub fn raw(&mut self, len: usize) -> Option<&'b [u8]> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(bytes)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.raw(1).map(|bytes| bytes[0])
    }

    pub fn uint(&mut self) -> Option<u32> {
        let bytes = self.align(4)?.raw(4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    pub fn boolean(&mut self) -> Option<bool> {
        self.uint().map(|value| value != 0)
    }

    pub fn string(&mut self) -> Option<&'b str> {
        let len = self.uint()? as usize;
        let text = std::str::from_utf8(self.raw(len)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    pub fn signature(&mut self) -> Option<&'b str> {
        let len = self.byte()? as usize;
        let text = std::str::from_utf8(self.raw(len)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }

    pub fn blob(&mut self) -> Option<&'b [u8]> {
        let len = self.uint()? as usize;
        self.raw(len)
    }

    /// The items of a list, read by `item` until they end.
    pub fn list<T>(
        &mut self,
        align: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let len = self.uint()? as usize;
        self.align(align)?;
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len())?;
        let mut items = Vec::new();
        while self.at < end {
            items.push(item(self)?);
        }
        (self.at == end).then_some(items)
    }

    /// `ao` and `as`.
    pub fn strings(&mut self) -> Option<Vec<String>> {
        self.list(4, |list| list.string().map(str::to_owned))
    }

    /// `a{ss}`.
    pub fn map(&mut self) -> Option<Vec<(String, String)>> {
        self.list(8, |list| {
            let key = list.align(8)?.string()?.to_owned();
            Some((key, list.string()?.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Laid out by hand from the specification.
    #[test]
    fn values_lie_as_the_specification_says() {
        let mut writer = Writer::default();
        writer.byte(7).uint(1).string("ab").signature("s").boolean(true);
        let expect = [
            7, 0, 0, 0, 1, 0, 0, 0, // a byte, three of padding, a number
            2, 0, 0, 0, b'a', b'b', 0, // a string
            1, b's', 0, 0, 0, // a signature, and padding
            1, 0, 0, 0, // true
        ];
        assert_eq!(writer.bytes(), expect);
        let mut reader = Reader::new(&expect);
        assert_eq!(reader.byte(), Some(7));
        assert_eq!(reader.uint(), Some(1));
        assert_eq!(reader.string(), Some("ab"));
        assert_eq!(reader.signature(), Some("s"));
        assert_eq!(reader.boolean(), Some(true));
        assert_eq!(reader.byte(), None);

        let mut writer = Writer::default();
        writer.map(&[("k", "v"), ("x", "")]);
        let expect = [
            29, 0, 0, 0, 0, 0, 0, 0, // the length, without the padding to 8
            1, 0, 0, 0, b'k', 0, 0, 0, 1, 0, 0, 0, b'v', 0, 0, 0, //
            1, 0, 0, 0, b'x', 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(writer.bytes(), expect);
        let pairs = [("k", "v"), ("x", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(Reader::new(&expect).map(), Some(pairs.to_vec()));
    }

    #[test]
    fn rubbish_is_no_value() {
        for bytes in [&[][..], &[255; 4], &[255, 255, 255, 127, 0, 0, 0, 0], &[3, 0, 0, 0, 1]] {
            assert_eq!(Reader::new(bytes).string(), None);
            assert_eq!(Reader::new(bytes).map(), None);
            assert_eq!(Reader::new(bytes).strings(), None);
            assert_eq!(Reader::new(bytes).blob(), None);
        }
    }
}
