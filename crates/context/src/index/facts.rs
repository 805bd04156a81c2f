//! What is known of a file, as it is kept.

use std::borrow::Cow;
use std::collections::HashMap;

use mlxcode_base::{LineRange, TextRange};

use super::codec::{Decoder, Encoder};
use crate::import::{Import, ImportKind, ImportedName};
use crate::reference::{Handed, Reference, ReferenceKind, Told, qualifier};
use crate::symbol::{Symbol, SymbolKind, Visibility};
use crate::syntax::Chunk;

const SYMBOL_KINDS: [SymbolKind; 22] = [
    SymbolKind::Module,
    SymbolKind::Class,
    SymbolKind::Struct,
    SymbolKind::Enum,
    SymbolKind::Union,
    SymbolKind::Variant,
    SymbolKind::Interface,
    SymbolKind::Trait,
    SymbolKind::Implementation,
    SymbolKind::Function,
    SymbolKind::Method,
    SymbolKind::Constructor,
    SymbolKind::Field,
    SymbolKind::Property,
    SymbolKind::Constant,
    SymbolKind::Variable,
    SymbolKind::TypeAlias,
    SymbolKind::Macro,
    SymbolKind::Heading,
    SymbolKind::Key,
    SymbolKind::Selector,
    SymbolKind::Element,
];

const VISIBILITIES: [Visibility; 4] =
    [Visibility::Public, Visibility::Internal, Visibility::Protected, Visibility::Private];

const REFERENCE_KINDS: [ReferenceKind; 8] = [
    ReferenceKind::Call,
    ReferenceKind::Type,
    ReferenceKind::Inherit,
    ReferenceKind::Macro,
    ReferenceKind::Annotation,
    ReferenceKind::Write,
    ReferenceKind::Import,
    ReferenceKind::Read,
];

const IMPORT_KINDS: [ImportKind; 4] =
    [ImportKind::Import, ImportKind::Export, ImportKind::Include, ImportKind::Module];

/// Marks a reference behind another name.
const MEMBER: usize = 8;

/// Marks a variable of a function, of which only marks of definitions and what
/// types inherit from is kept.
const LOCAL: usize = 16;

/// Marks a reference of which is said what tells the type of the name that is
/// the first before it.
const TOLD: usize = 32;

/// What tells a type may hang on another that is told, this often.
const MOST_TOLD: usize = 8;

/// The names of symbols, a line each: a search by name reads nothing else.
pub fn names(symbols: &[Symbol]) -> String {
    lines(symbols.iter().map(|symbol| symbol.name.as_str()))
}

/// Names, a line each.
pub fn lines<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(one_line).collect::<Vec<_>>().join("\n")
}

fn one_line(name: &str) -> Cow<'_, str> {
    if name.contains('\n') { Cow::Owned(name.replace('\n', " ")) } else { Cow::Borrowed(name) }
}

/// Takes names apart that [`lines`] joined.
pub fn split(names: &str) -> impl Iterator<Item = &str> {
    // No name is empty, so that nothing is no name.
    names.split('\n').filter(|name| !name.is_empty())
}

/// All of the symbols but their names and their comments, which stand in the
/// file itself.
pub fn encode_symbols(symbols: &[Symbol]) -> Vec<u8> {
    let mut out = Encoder::default();
    let (mut start, mut line) = (0, 0);
    out.number(symbols.len());
    for one in symbols {
        out.number(one.kind as usize);
        out.number(one.visibility as usize);
        out.number(one.parent.map_or(0, |parent| parent + 1));
        let container = one.parent.and_then(|parent| symbols.get(parent)).map(Symbol::path);
        let derived = container.unwrap_or_default() == one.container;
        out.number(usize::from(!derived));
        if !derived {
            out.text(&one.container);
        }
        out.text(&one.signature);
        out.step(start, one.range.start);
        out.number(one.range.len());
        out.step(one.range.start, one.name_range.start);
        out.number(one.name_range.len());
        out.step(line, one.lines.first);
        out.number(one.lines.count());
        (start, line) = (one.range.start, one.lines.first);
    }
    out.bytes
}

/// Reads the symbols. `None` for bytes that are none.
pub fn decode_symbols(names: &str, bytes: &[u8]) -> Option<Vec<Symbol>> {
    let mut from = Decoder::new(bytes);
    let count = from.count()?;
    let mut symbols: Vec<Symbol> = Vec::with_capacity(count);
    let mut names = names.split('\n');
    let (mut start, mut line) = (0, 0);
    for _ in 0..count {
        let kind = *SYMBOL_KINDS.get(from.number()?)?;
        let visibility = *VISIBILITIES.get(from.number()?)?;
        let parent = from.number()?.checked_sub(1);
        let around = match parent {
            Some(parent) => Some(symbols.get(parent)?),
            None => None,
        };
        let container = match from.number()? {
            0 => around.map(Symbol::path).unwrap_or_default(),
            _ => from.text()?.to_owned(),
        };
        let signature = from.text()?.to_owned();
        start = from.step(start)?;
        let range = TextRange::new(start, start.checked_add(from.number()?)?);
        let name_start = from.step(start)?;
        let name_range = TextRange::new(name_start, name_start.checked_add(from.number()?)?);
        line = from.step(line)?;
        let last = line.checked_add(from.number()?)?.checked_sub(1)?;
        let (name, doc) = (names.next()?.to_owned(), String::new());
        let lines = LineRange::new(line, last);
        symbols.push(Symbol {
            name,
            kind,
            container,
            parent,
            signature,
            doc,
            name_range,
            range,
            lines,
            visibility,
        });
    }
    Some(symbols)
}

/// How many symbols [`decode_symbols`] gives, where it gives any.
pub fn symbol_count(bytes: &[u8]) -> usize {
    Decoder::new(bytes).count().unwrap_or_default()
}

/// The references that other files can matter for: their names, each once,
/// and all else, with the numbers of the names.
pub fn encode_references(references: &[Reference]) -> (String, Vec<u8>) {
    let mut out = Encoder::default();
    let mut names: Vec<&str> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut start = 0;
    let mut symbol = 0;
    for one in references.iter().filter(|one| is_kept(one)) {
        let number = *numbers.entry(&one.name).or_insert_with(|| {
            names.push(&one.name);
            names.len() - 1
        });
        out.step(start, one.range.start);
        out.number(number);
        let marks = if one.is_member { MEMBER } else { 0 }
            | if one.is_local { LOCAL } else { 0 }
            | if one.first_type.is_some() { TOLD } else { 0 };
        out.number(one.kind as usize | marks);
        let number = one.symbol.map_or(0, |symbol| symbol + 1);
        out.step(symbol, number);
        (start, symbol) = (one.range.start, number);
        if let Some(told) = &one.first_type {
            encode_told(&mut out, start, told);
        }
    }
    (lines(names.into_iter()), out.bytes)
}

/// Where it stands, how long it is and whether a function is taken there, and
/// how.
fn encode_told(out: &mut Encoder, near: usize, told: &Told) {
    match told {
        Told::Type { range, .. } => {
            out.step(near, range.start);
            out.number(range.len() << 1);
        }
        Told::Taken { range, argument, parameter, first, .. } => {
            out.step(near, range.start);
            out.number(range.len() << 1 | 1);
            out.number(argument.map_or(0, |argument| argument + 1));
            out.number(*parameter);
            out.number(usize::from(first.is_some()));
            if let Some(first) = first {
                encode_told(out, range.start, first);
            }
        }
    }
}

fn decode_told(from: &mut Decoder<'_>, text: &str, near: usize, most: usize) -> Option<Told> {
    let most = most.checked_sub(1)?;
    let start = from.step(near)?;
    let written = from.number()?;
    let range = TextRange::new(start, start.checked_add(written >> 1)?);
    let name = text.get(range.start..range.end)?;
    if written & 1 == 0 {
        return Some(Told::Type { name: name.to_owned(), range });
    }
    let (argument, parameter) = (from.number()?.checked_sub(1), from.number()?);
    let first = match from.number()? {
        0 => None,
        _ => Some(Box::new(decode_told(from, text, range.start, most)?)),
    };
    Some(Told::taken(text, Handed { to: range, argument, parameter }, first))
}

fn is_kept(one: &Reference) -> bool {
    let matters = matches!(one.kind, ReferenceKind::Annotation | ReferenceKind::Inherit);
    !one.name.is_empty() && (!one.is_local || matters)
}

/// Reads the references of a file of `symbols` symbols; `text` is that in
/// which they were found.
pub fn decode_references(
    text: &str,
    names: &str,
    bytes: &[u8],
    symbols: usize,
) -> Option<Vec<Reference>> {
    let names: Vec<&str> = split(names).collect();
    let mut from = Decoder::new(bytes);
    let mut references = Vec::new();
    let mut start = 0;
    let mut symbol = 0;
    while !from.is_at_end() {
        start = from.step(start)?;
        let name = *names.get(from.number()?)?;
        let range = TextRange::new(start, start.checked_add(name.len())?);
        let written = text.get(range.start..range.end)?;
        if one_line(written) != name {
            return None;
        }
        let marks = from.number()?;
        symbol = from.step(symbol)?;
        if symbol > symbols {
            return None;
        }
        let first_type = if marks & TOLD > 0 {
            Some(decode_told(&mut from, text, start, MOST_TOLD)?)
        } else {
            None
        };
        references.push(Reference {
            name: written.to_owned(),
            kind: *REFERENCE_KINDS.get(marks % MEMBER)?,
            range,
            symbol: symbol.checked_sub(1),
            is_member: marks & MEMBER > 0,
            qualifier: qualifier(text, range.start),
            is_local: marks & LOCAL > 0,
            first_type,
        });
    }
    Some(references)
}

/// The imports, without where they stand.
pub fn encode_imports(imports: &[Import]) -> Vec<u8> {
    let mut out = Encoder::default();
    for one in imports {
        out.text(&one.source);
        out.number(one.kind as usize);
        out.number(usize::from(one.is_wildcard));
        optional(&mut out, one.alias.as_deref());
        out.number(one.names.len());
        for name in &one.names {
            out.text(&name.name);
            optional(&mut out, name.alias.as_deref());
        }
    }
    out.bytes
}

/// Where imports stand.
pub fn encode_places(imports: &[Import]) -> Vec<u8> {
    let mut out = Encoder::default();
    let mut start = 0;
    for one in imports {
        out.step(start, one.range.start);
        out.number(one.range.len());
        start = one.range.start;
    }
    out.bytes
}

/// Reads the imports and their places.
pub fn decode_imports(bytes: &[u8], places: &[u8]) -> Option<Vec<Import>> {
    let mut from = Decoder::new(bytes);
    let mut places = Decoder::new(places);
    let mut imports = Vec::new();
    let mut start = 0;
    while !from.is_at_end() {
        let source = from.text()?.to_owned();
        let kind = *IMPORT_KINDS.get(from.number()?)?;
        let is_wildcard = from.number()? > 0;
        let alias = read_optional(&mut from)?.pop();
        let names = (0..from.count()?).map(|_| {
            Some(ImportedName {
                name: from.text()?.to_owned(),
                alias: read_optional(&mut from)?.pop(),
            })
        });
        let names = names.collect::<Option<Vec<_>>>()?;
        start = places.step(start)?;
        let range = TextRange::new(start, start.checked_add(places.number()?)?);
        imports.push(Import { source, names, alias, is_wildcard, kind, range });
    }
    Some(imports)
}

fn optional(out: &mut Encoder, text: Option<&str>) {
    out.number(usize::from(text.is_some()));
    if let Some(text) = text {
        out.text(text);
    }
}

/// As a list of one text or none.
fn read_optional(from: &mut Decoder<'_>) -> Option<Vec<String>> {
    let count = from.number()?.min(1);
    (0..count).map(|_| Some(from.text()?.to_owned())).collect()
}

/// The chunks of a file. Each line is in one of them.
pub fn encode_chunks(chunks: &[Chunk]) -> Vec<u8> {
    let mut out = Encoder::default();
    let mut inside: Option<&str> = None;
    out.number(chunks.len());
    for one in chunks {
        out.number(one.lines.count());
        out.number(one.names.len());
        one.names.iter().for_each(|name| out.text(name));
        let same = one.inside.as_deref() == inside;
        out.number(usize::from(!same));
        if !same {
            optional(&mut out, one.inside.as_deref());
            inside = one.inside.as_deref();
        }
    }
    out.bytes
}

/// Reads the chunks.
pub fn decode_chunks(bytes: &[u8]) -> Option<Vec<Chunk>> {
    let mut from = Decoder::new(bytes);
    let count = from.count()?;
    let mut chunks = Vec::with_capacity(count);
    let mut first = 1_usize;
    let mut inside: Option<String> = None;
    for _ in 0..count {
        let next = first.checked_add(from.number()?)?;
        let lines = LineRange::new(first, next.checked_sub(1)?);
        let names = (0..from.count()?).map(|_| Some(from.text()?.to_owned()));
        let names = names.collect::<Option<Vec<_>>>()?;
        if from.number()? > 0 {
            inside = read_optional(&mut from)?.pop();
        }
        chunks.push(Chunk { lines, names, inside: inside.clone() });
        first = next;
    }
    Some(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{ParseLimits, ParsedFile, chunks};
    use mlxcode_base::Language;

    const SOURCES: [(Language, &str); 6] = [
        (
            Language::TypeScript,
            "const f: Box<A> = net.make<A>('a', (one, two) => {\n  one.go = (three) => three.x(two.y);\n  const four: B = 1;\n  four.z();\n  one.a = (b) => b.x = (c) => c.x = (d) => d.x = (e) => e.x = (f) => f.x = (g) => g.x = (h) => h.x = (i) => i.y;\n});\n",
        ),
        (
            Language::Rust,
            "use std::{fmt as f, io::*};\nmod a;\n/// Says.\nimpl X {\n    pub fn go(&self, n: u8) { self.n(n); other::call() }\n}\n",
        ),
        (
            Language::Python,
            "from .a import b as c\nclass A(B):\n    x = 1\n    def f(self):\n        return g(self.x)\n",
        ),
        (Language::Cpp, "#include <a.h>\nint A::one() { return two(); }\n"),
        (Language::Markdown, "# One\na\n## Two\nb\n"),
        (Language::Css, ".a { color: red }\n"),
    ];

    #[test]
    fn what_was_kept_is_what_was_found() {
        for (language, text) in SOURCES {
            let text = text.repeat(20);
            let file = ParsedFile::parse(text.as_str(), language, &ParseLimits::default()).unwrap();
            let mut symbols = file.symbols();
            let references = file.references(&symbols);
            let kept = decode_symbols(&names(&symbols), &encode_symbols(&symbols)).unwrap();
            for one in &mut symbols {
                one.doc.clear();
            }
            assert_eq!(kept, symbols, "{language}");
            let (written, data) = encode_references(&references);
            let kept = decode_references(&text, &written, &data, symbols.len()).unwrap();
            let outside: Vec<_> = references.into_iter().filter(is_kept).collect();
            assert_eq!(kept, outside, "{language}");
            let imports = file.imports();
            let kept = decode_imports(&encode_imports(&imports), &encode_places(&imports));
            assert_eq!(kept.unwrap(), imports, "{language}");
            let cut = chunks(&text, Some(language));
            assert_eq!(decode_chunks(&encode_chunks(&cut)).unwrap(), cut, "{language}");
        }
    }

    #[test]
    fn every_kind_has_its_place() {
        assert!(SYMBOL_KINDS.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert!(VISIBILITIES.iter().enumerate().all(|(place, one)| *one as usize == place));
        assert!(REFERENCE_KINDS.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert!(IMPORT_KINDS.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        // The last of each is the last that there is.
        assert_eq!(SYMBOL_KINDS[21], SymbolKind::Element);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        for bytes in [&[0xff; 30][..], &[5], &[1, 99, 0], &[3, 0, 0, 0]] {
            assert_eq!(decode_symbols("a", bytes), None);
            assert_eq!(decode_references("a", "a", bytes, 1), None, "{bytes:?}");
            assert_eq!(decode_imports(bytes, &[]), None);
        }
        assert_eq!(decode_chunks(&[0xff; 30]), None);
    }
}
