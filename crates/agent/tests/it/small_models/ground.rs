//! The tree that the replies speak of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

pub type Files = BTreeMap<String, String>;

const FILES: [(&str, &str); 6] = [
    (
        "src/app.py",
        "def greet(name):\n    return \"Hello, \" + name\n\n\ndef add(a, b):\n    return a + b\n",
    ),
    (
        "src/lib.rs",
        "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\npub fn twice(x: i32) -> i32 {\n    x * 2\n}\n",
    ),
    ("notes.txt", "one\r\ntwo\r\nthree\r\n"),
    ("config.json", "{\n  \"name\": \"demo\",\n  \"debug\": false\n}\n"),
    ("web/index.html", "<p>Hello &amp; welcome</p>\n<p>Bye</p>\n"),
    ("README.md", "# Demo\n\nRun `demo` to start.\n"),
];

pub fn before() -> Files {
    FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

pub fn tree() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// All files below a folder.
pub fn files(folder: &Path) -> Files {
    let mut all = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in fs::read_dir(one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
            all.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    all
}
