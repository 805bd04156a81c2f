//! A tree that changes, and all that an index knows of it.

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeIndex, Updated, WalkOptions};
use rusqlite::Connection;

/// Files that name each other, so that one that goes changes what others'
/// imports lead to, and one with rules changes which files there are.
pub const NAMES: [&str; 14] = [
    "a.py",
    "b.py",
    "pkg/__init__.py",
    "pkg/c.py",
    "src/lib.rs",
    "src/port.rs",
    "Cargo.toml",
    "web/x.js",
    "web/y.js",
    "package.json",
    "notes.md",
    "pkg/.gitignore",
    "go/main.go",
    "data.bin",
];

pub const TEXTS: [&str; 14] = [
    "import b\nfrom pkg import c\n\ndef open_port(n):\n    return b.bind(n)\n",
    "from pkg.c import Port as P\n\nclass Binder:\n    \"\"\"Binds ports.\"\"\"\n    def bind(self, n):\n        return P(n)\n",
    "",
    "class Port:\n    number = 80\n",
    "mod port;\nuse crate::port::Port;\n/// Opens it.\npub fn open_port() -> Port { Port::new() }\n",
    "pub struct Port;\nimpl Port {\n    pub fn new() -> Self { Port }\n}\n",
    "[package]\nname = \"ports\"\nversion = \"1.0.0\"\n",
    "import { y } from './y.js'\nexport function x() { return y(1) }\n",
    "export const y = n => n\n",
    "{\"name\": \"web\", \"dependencies\": {\"left\": \"1\"}}\n",
    "# Ports\n\nHow `open_port` works.\n\n## Binding\n\nSee b.py.\n",
    "c.py\n",
    "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(1) }\n",
    "a\0b",
];

pub struct Ground {
    _temp: Option<tempfile::TempDir>,
    pub root: Root,
    state: PathBuf,
}

impl Ground {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let ground = Self::at(temp.path());
        Self { _temp: Some(temp), ..ground }
    }

    /// The ground in a folder that somebody else keeps.
    pub fn at(folder: &Path) -> Self {
        let tree = folder.join("tree");
        fs::create_dir_all(&tree).unwrap();
        let root = Root::open(&tree).unwrap();
        Self { _temp: None, root, state: folder.join("state") }
    }

    pub fn write(&self, name: &str, text: &str) {
        let place = self.root.path().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.root.path().join(name));
    }

    pub fn place(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// Opens the index of that name.
    pub fn index(&self, name: &str) -> CodeIndex {
        CodeIndex::open(&self.place(name), &self.root, WalkOptions::default()).unwrap()
    }

    /// An index that was built of nothing.
    pub fn fresh(&self) -> CodeIndex {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.place(&format!("fresh{end}")));
        }
        let index = self.index("fresh");
        update(&index);
        index
    }
}

pub fn update(index: &CodeIndex) -> Updated {
    index.update(&CancelToken::new(), &()).unwrap()
}

/// All that an index knows, but for the numbers of its rows and the times.
pub fn dump(index: &CodeIndex) -> String {
    let mut out = String::new();
    for path in index.files().unwrap() {
        let symbols = index.symbols(&path).unwrap();
        let references = index.references(&path).unwrap();
        out.push_str(&format!("{path} {symbols:?} {references:?}\n"));
        for import in index.imports(&path).unwrap() {
            out.push_str(&format!("  {import:?}\n"));
        }
    }
    let connection = Connection::open(index.path()).unwrap();
    connection
        .execute_batch("CREATE VIRTUAL TABLE temp.place USING fts5vocab(main, words, instance)")
        .unwrap();
    for select in [
        "SELECT path, size_bytes || hex(hash) || state || ifnull(language, ''), \
            standing || ' ' || words FROM file ORDER BY path",
        "SELECT path, hex(data), '' FROM chunk JOIN file ON id = file ORDER BY path",
        "SELECT path, term, col || offset FROM place LEFT JOIN file ON id = doc \
            ORDER BY path, term, col, offset",
        "SELECT '', files, words FROM total",
        "SELECT '', count(*), '' FROM symbol UNION ALL SELECT '', count(*), '' FROM import \
            UNION ALL SELECT '', count(*), '' FROM reference",
    ] {
        let mut rows = connection.prepare(select).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let text = |column| row.get::<_, rusqlite::types::Value>(column).unwrap();
            Ok(format!("{:?} {:?} {:?}\n", text(0), text(1), text(2)))
        };
        out.extend(rows.query_map([], row).unwrap().map(Result::unwrap));
    }
    out
}
