//! Definitions and uses, by the index and without it.

use mlxcode_core::{CancelToken, CodePlace, Dirs, Navigation, RelPath, Workspace};

use crate::ground::Ground;

fn navigation(workspace: &Workspace) -> Navigation {
    workspace.navigation(&CancelToken::new()).unwrap()
}

/// What is said of a few places and of all files.
fn told(navigation: &Navigation) -> String {
    let mut told = String::new();
    for place in ["RelPath", "base/src/text.rs:1", "ContentHash.of", "base/src/hash.rs"] {
        let place = CodePlace::read(place);
        let uses = navigation.references(&place).unwrap();
        let definitions = navigation.definition(&place).unwrap();
        told += &format!("{definitions:?}\n{uses:?}\n{:?}\n", navigation.callees(&place).unwrap());
    }
    told += &navigation.map(&[], 1_000).text;
    told
}

#[test]
fn without_an_index_the_answers_are_the_same() {
    let ground = Ground::new(&["base"]);
    let indexed = told(&navigation(&ground.workspace));
    assert!(indexed.contains("pub struct RelPath"), "{indexed}");
    // Where the folder of indexes should be, there is a file.
    let dirs = Dirs::under(&ground.beside("elsewhere"));
    std::fs::create_dir_all(dirs.indexes().parent().unwrap()).unwrap();
    std::fs::write(dirs.indexes(), "").unwrap();
    let workspace = Workspace::open(ground.workspace.root(), &dirs).unwrap();
    assert!(workspace.index().is_err());
    assert_eq!(told(&navigation(&workspace)), indexed);
    let path = RelPath::new("base/src/hash.rs").unwrap();
    assert_eq!(workspace.outline(&path).unwrap(), ground.workspace.outline(&path).unwrap());
}

#[test]
fn answers_follow_the_tree() {
    let ground = Ground::new(&[]);
    ground.write("port.py", "def bind():\n    pass\n");
    ground.write("main.py", "from port import bind\n\nbind()\n");
    let place = CodePlace::read("main.py:3:1");
    let at = |workspace: &Workspace| {
        let found = navigation(workspace).definition(&place).unwrap();
        found.into_iter().map(|one| (one.path.to_string(), one.lines.first)).collect::<Vec<_>>()
    };
    assert_eq!(at(&ground.workspace), [("port.py".to_owned(), 1)]);
    ground.write("port.py", "LIMIT = 1\n\n\ndef bind():\n    pass\n");
    assert_eq!(at(&ground.workspace), [("port.py".to_owned(), 4)]);
    std::fs::remove_file(ground.path("port.py")).unwrap();
    assert_eq!(at(&ground.workspace), []);
}

#[test]
fn a_damaged_index_is_told_of_and_built_anew() {
    let ground = Ground::new(&[]);
    ground.write("port.py", "def bind():\n    pass\n");
    ground.write("main.py", "from port import bind\n\nbind()\n");
    let bind = CodePlace::read("bind");
    assert_eq!(navigation(&ground.workspace).references(&bind).unwrap().len(), 2);
    // A byte in what is kept of a file turned, and the database is whole.
    let place = ground.workspace.index().unwrap().path().to_owned();
    let mut bytes = std::fs::read(&place).unwrap();
    let at = bytes.windows(10).rposition(|some| some == b"def bind()").unwrap();
    bytes[at - 1] ^= 0x40;
    std::fs::write(&place, bytes).unwrap();
    let found = navigation(&ground.workspace).references(&bind);
    assert!(found.is_err(), "{found:?}");
    assert_eq!(navigation(&ground.workspace).references(&bind).unwrap().len(), 2);
}
