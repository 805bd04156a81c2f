//! Files that are not UTF-8, from the disk to what is shown of them.

use mlxcode_base::RelPath;
use mlxcode_context::{CodeIndex, Encoding, SearchOptions};

use crate::support::{Ground, update};

fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let bytes = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit);
    bytes.collect()
}

/// The same text in each encoding, a file each.
fn ground(text: &str) -> Ground {
    let ground = Ground::new();
    ground.write("utf8.py", text);
    let latin: Vec<u8> = text.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
    std::fs::write(ground.root.path().join("latin.py"), latin).unwrap();
    std::fs::write(ground.root.path().join("little.py"), wide(text, u16::to_le_bytes)).unwrap();
    std::fs::write(ground.root.path().join("big.py"), wide(text, u16::to_be_bytes)).unwrap();
    ground
}

#[test]
fn a_text_is_the_same_in_each_encoding() {
    let text = "def größe(tür):\r\n    return tür.höhe * 2\r\n\r\ndef maß(tür):\r\n    return größe(tür)\r\n";
    let ground = ground(text);
    let index = ground.index("index");
    update(&index);
    let path = |name: &str| RelPath::new(name).unwrap();
    let known = |index: &CodeIndex, name: &str| {
        (index.symbols(&path(name)).unwrap(), index.references(&path(name)).unwrap())
    };
    let (symbols, references) = known(&index, "utf8.py");
    assert_eq!((symbols.len(), symbols[1].name.as_str()), (2, "maß"));
    assert!(references.iter().any(|one| one.name == "größe"), "{references:?}");
    for (name, encoding) in [
        ("utf8.py", Encoding::Utf8),
        ("latin.py", Encoding::Windows1252),
        ("little.py", Encoding::Utf16Le),
        ("big.py", Encoding::Utf16Be),
    ] {
        assert_eq!(known(&index, name), (symbols.clone(), references.clone()), "{name}");
        assert_eq!(index.encoding(&path(name)), Some(encoding));
    }
    // A second look finds nothing new.
    let again = update(&ground.index("index"));
    assert_eq!((again.added, again.changed), (0, 0));
    let hits = index.search("höhe", &SearchOptions::default()).unwrap();
    assert_eq!(hits.len(), 4, "{hits:?}");
    assert!(hits.iter().all(|hit| hit.best_line == 2 && hit.text.contains("tür.höhe")), "{hits:?}");
}
