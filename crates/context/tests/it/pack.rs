//! What is packed: named, used, found, kept; and what it takes.

use std::fs;
use std::path::Path;
use std::process::Command;

use mlxcode_base::{CancelToken, LineRange, RelPath};
use mlxcode_context::{
    Budget, CodeBase, CodeIndex, CodeSource, CursorRequest, LeftOutReason, MediaType, Note,
    NoteKind, PackRequest, PackedContext, Piece, Reason, WalkOptions,
};
use proptest::prelude::*;

use crate::{Tree, count};

const PORT: &str = "from config import Config\n\n\nclass Port:\n    \"\"\"A port of this machine.\"\"\"\n\n    def __init__(self, config: Config):\n        self.config = config\n\n    def open_port(self) -> int:\n        return bind_socket(self.config.number)\n\n\ndef bind_socket(number: int) -> int:\n    \"\"\"Binds a socket.\"\"\"\n    return number\n";
const CONFIG: &str = "# How it is set up.\nclass Config:\n    number: int = 80\n\n    def read(self, path: str) -> None:\n        self.number = parse_number(path)\n\n\ndef parse_number(text: str) -> int:\n    return int(text)\n";
const MAIN: &str = "from config import Config\nfrom port import Port\n\n\ndef main() -> None:\n    port = Port(Config())\n    port.open_port()\n    report_failure(\"closed\")\n\n\ndef report_failure(words: str) -> None:\n    print(words)\n";

fn ground() -> Tree {
    let long: String = (0..60).map(|n| format!("    total_{n} = weigh_load({n})\n")).collect();
    let long = format!(
        "def weigh_all():\n    \"\"\"Weighs.\"\"\"\n{long}\n\ndef weigh_load(n):\n    return n\n"
    );
    Tree::new(&[
        ("port.py", PORT.as_bytes()),
        ("config.py", CONFIG.as_bytes()),
        ("main.py", MAIN.as_bytes()),
        ("load/weights.py", long.as_bytes()),
        ("load/other.py", b"def weigh_other():\n    return 1\n"),
        ("shot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("paper.bin", b"%PDF-1.7\n\0\0"),
        ("notes.md", b"# Notes\n\nThe port is opened late.\n"),
    ])
}

/// Packs over the tree in memory and over an index. Both give the same pieces,
/// but for uses of names that no import tells, which only an index looks up.
fn both(tree: &Tree, ask: impl Fn(CodeSource<'_>) -> PackedContext) -> PackedContext {
    let memory = ask(CodeSource::from(&tree.open()));
    let (_folder, index) = index(tree);
    let indexed = ask(CodeSource::from(&index));
    let ruled = |context: &PackedContext| {
        let pieces = context.pieces.iter().zip(places(context));
        let ruled =
            pieces.filter(|(one, _)| !matches!(one.reason(), Reason::Used { .. } | Reason::Map));
        ruled.map(|(_, place)| place).collect::<Vec<_>>()
    };
    assert_eq!(ruled(&memory), ruled(&indexed));
    sound(&indexed);
    sound(&memory);
    indexed
}

fn index(tree: &Tree) -> (tempfile::TempDir, CodeIndex) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("index");
    let index = CodeIndex::open(&place, &tree.root, WalkOptions::default()).unwrap();
    index.update(&CancelToken::new(), &()).unwrap();
    (folder, index)
}

fn pack(tree: &Tree, question: &str, tokens: usize) -> PackedContext {
    let counter = |text: &str| text.len().div_ceil(4);
    both(tree, |code| {
        code.pack(&PackRequest::new(question), &Budget::new(tokens, &counter)).unwrap()
    })
}

fn places(context: &PackedContext) -> Vec<String> {
    let place = |piece: &Piece| match piece {
        Piece::Passage(one) => format!("{}:{}", one.path, one.lines),
        Piece::Note(one) => one.header.clone(),
        _ => unreachable!("two kinds"),
    };
    context.pieces.iter().map(place).collect()
}

/// What holds of every context.
fn sound(context: &PackedContext) {
    let sum: usize = context.pieces.iter().map(Piece::tokens).sum();
    assert_eq!(sum, context.tokens);
    assert!(context.tokens <= context.budget);
}

fn note(context: &PackedContext, kind: NoteKind) -> Option<&Note> {
    context.pieces.iter().find_map(|piece| match piece {
        Piece::Note(note) if note.kind == kind => Some(note),
        _ => None,
    })
}

#[test]
fn what_named_code_uses_stands_behind_it() {
    let tree = ground();
    let context = pack(&tree, "what goes wrong in main.py:5-8?", 1_200);
    // What it uses of its own file joins it.
    assert_eq!(places(&context)[0], "main.py:1-12");
    let used: Vec<String> = context
        .pieces
        .iter()
        .filter(|piece| matches!(piece.reason(), Reason::Used { .. }))
        .map(|piece| format!("{}: {}", piece.path().unwrap(), piece.reason()))
        .collect();
    // By the imports of the file.
    assert!(used.contains(&"config.py: defines Config, used above".to_owned()), "{used:?}");
    let text = context.render();
    assert!(text.contains("# How it is set up.\nclass Config:"), "{text}");
    assert!(text.contains("def open_port(self) -> int"), "{text}");
}

#[test]
fn definitions_take_a_quarter_at_most() {
    let tree = ground();
    for tokens in [150, 300, 600] {
        let context = pack(&tree, "what does main.py:5-8 do with a port?", tokens);
        let used = context.pieces.iter().filter(|one| matches!(one.reason(), Reason::Used { .. }));
        let taken: usize = used.map(Piece::tokens).sum();
        assert!(taken <= tokens / 4, "{taken} of {tokens}");
    }
}

#[test]
fn folders_and_patterns_are_whole_or_by_their_heads() {
    let tree = ground();
    let context = pack(&tree, "explain load/", 2_000);
    assert_eq!(places(&context)[..2], ["load/other.py:1-2", "load/weights.py:1-66"]);
    let context = pack(&tree, "what is weighed in load/*.py?", 300);
    let heads = note(&context, NoteKind::Heads).unwrap();
    assert!(heads.text.contains("def weigh_"), "{}", heads.text);
    assert!(context.passages().any(|one| one.path.as_str() == "load/weights.py"));
}

#[test]
fn pictures_and_documents_are_attached_by_what_they_are() {
    let context = pack(&ground(), "see shot.png and @paper.bin, not none.png", 500);
    let shown: Vec<_> = context
        .attachments
        .iter()
        .map(|one| (one.path.as_str(), one.media_type, one.size_bytes))
        .collect();
    assert_eq!(shown, [("shot.png", MediaType::Png, 16), ("paper.bin", MediaType::Pdf, 11)]);
    assert!(!context.render().contains("IHDR"));
}

#[test]
fn what_is_marked_and_unknown_is_told() {
    let context = pack(&ground(), "what do @nothing, @none.rs and @Port do?", 500);
    let unknown: Vec<&str> = context
        .left_out
        .iter()
        .filter(|one| one.reason == LeftOutReason::Unknown)
        .map(|one| one.what.as_str())
        .collect();
    assert_eq!(unknown, ["nothing", "none.rs"]);
    assert_eq!(context.passages().next().unwrap().path.as_str(), "port.py");
    // And so is what does not fit.
    let small = pack(&ground(), "what opens the port?", 60);
    assert!(small.left_out.iter().any(|one| matches!(one.reason, LeftOutReason::NoRoom { .. })));
}

#[test]
fn what_is_left_is_filled_with_a_map() {
    let tree = ground();
    let context = pack(&tree, "what is in notes.md and main.py:5-8?", 4_000);
    if let Some(map) = note(&context, NoteKind::Map) {
        assert!(map.tokens <= 500);
        // What is packed is not told again.
        assert!(!map.text.contains("def main"), "{}", map.text);
        assert_eq!(context.pieces.last().unwrap().reason(), &Reason::Map);
    }
    let context = pack(&tree, "what is @report_failure?", 700);
    let map = note(&context, NoteKind::Map);
    let without = both(&tree, |code| {
        let mut request = PackRequest::new("what is @report_failure?");
        request.with_map = false;
        let counter = |text: &str| text.len().div_ceil(4);
        code.pack(&request, &Budget::new(700, &counter)).unwrap()
    });
    assert!(note(&without, NoteKind::Map).is_none());
    assert_eq!(context.pieces.len(), without.pieces.len() + usize::from(map.is_some()));
}

#[test]
fn a_context_goes_on_from_the_one_before() {
    let tree = ground();
    let counter = |text: &str| text.len().div_ceil(4);
    let budget = Budget { tokens: 3_000, search_tokens: 500, counter: &counter };
    let (_folder, index) = index(&tree);
    let next = |question: &str, earlier: Option<&PackedContext>| {
        let mut request = PackRequest::new(question);
        request.earlier = earlier;
        let context = CodeSource::from(&index).pack(&request, &budget).unwrap();
        sound(&context);
        context
    };
    let first = next("who opens the port?", None);
    let second = next("and what does weigh_load do, of @parse_number?", Some(&first));
    assert!(second.render().starts_with(&first.render()));
    assert!(second.pieces.len() > first.pieces.len());
    let kept = second.pieces.iter().take_while(|piece| piece.is_kept()).count();
    assert_eq!(kept, first.pieces.len());
    let third = next("why?", Some(&second));
    assert_eq!(third.render(), second.render());

    // A file that was changed is shown as it is now, behind what holds.
    let text = PORT.replace("return number", "return number + 1");
    fs::write(tree.root.path().join("port.py"), &text).unwrap();
    index.update(&CancelToken::new(), &()).unwrap();
    let fourth = next("why?", Some(&second));
    let text = fourth.render();
    assert!(text.contains("return number + 1") && !text.contains("return number\n"), "{text}");
    let outdated = |one: &mlxcode_context::LeftOut| {
        one.what == "port.py" && one.reason == LeftOutReason::Outdated
    };
    assert!(fourth.left_out.iter().any(outdated), "{:?}", fourth.left_out);
    let same = second.pieces.iter().filter(|piece| piece.path().unwrap().as_str() != "port.py");
    for (one, other) in same.zip(&fourth.pieces) {
        assert_eq!(one.render(), other.render());
    }

    // What is new has room, whatever was before.
    let tight = Budget { tokens: first.tokens + 20, search_tokens: 200, counter: &counter };
    let mut request = PackRequest::new("explain weigh_other()");
    request.earlier = Some(&first);
    let context = CodeSource::from(&index).pack(&request, &tight).unwrap();
    sound(&context);
    assert!(context.render().contains("def weigh_other"), "{:?}", places(&context));
}

fn git(folder: &Path, args: &[&str]) {
    let ran = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn changes_are_packed_file_by_file() {
    let tree = ground();
    let folder = tree.root.path();
    let context = pack(&tree, "review @diff", 500);
    assert_eq!(context.left_out[0].reason, LeftOutReason::NoRepository);

    git(folder, &["init", "-q"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-q", "-m", "x"]);
    fs::write(folder.join("port.py"), PORT.replace("return number", "return number + 1")).unwrap();
    fs::write(folder.join("new.py"), "def fresh():\n    pass\n").unwrap();
    fs::write(folder.join(".env"), "SECRET=1\n").unwrap();
    fs::remove_file(folder.join("load/other.py")).unwrap();
    let context = pack(&tree, "review @diff", 900);
    let changes = note(&context, NoteKind::Changes).unwrap();
    assert_eq!(changes.path.as_ref().unwrap().as_str(), "port.py");
    assert!(changes.text.starts_with("@@ ") && changes.text.contains("\n+    return number + 1\n"));
    let text = context.render();
    assert!(text.contains("def fresh()") && text.contains("\nload/other.py\n"), "{text}");
    assert!(!text.contains("SECRET"));
    let reason = |path: &str| {
        context.pieces.iter().find(|one| one.path().is_some_and(|one| one.as_str() == path))
    };
    assert_eq!(reason("new.py").unwrap().reason(), &Reason::Changed);
}

fn cursor(
    tree: &Tree,
    path: &str,
    marked: &str,
    open: &[&str],
    tokens: usize,
) -> mlxcode_context::PackedCursor {
    let at = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let path = RelPath::new(path).unwrap();
    let open: Vec<RelPath> = open.iter().map(|path| RelPath::new(path).unwrap()).collect();
    let counter = |text: &str| text.len().div_ceil(4);
    let (_folder, index) = index(tree);
    let mut request = CursorRequest::new(&path, at);
    request.text = Some(&text);
    request.open = &open;
    let packed =
        CodeSource::from(&index).pack_cursor(&request, &Budget::new(tokens, &counter)).unwrap();
    let sum: usize = packed.ledger().map(Piece::tokens).sum();
    assert_eq!(sum, packed.tokens);
    assert_eq!(packed.tokens, counter(&packed.before) + counter(&packed.behind));
    assert!(packed.tokens <= tokens);
    assert!(packed.before.ends_with(packed.prefix.text()));
    assert_eq!(packed.behind, packed.suffix.text());
    packed
}

#[test]
fn a_cursor_gets_its_file_and_heads_of_what_is_used() {
    let tree = ground();
    let typed = MAIN.replacen("    report_failure", "    port.|\n    report_failure", 1);
    let packed = cursor(&tree, "main.py", &typed, &[], 2_000);
    assert!(
        packed.prefix.text().starts_with("from config")
            && packed.prefix.text().ends_with("    port.")
    );
    assert!(packed.behind.starts_with("\n    report_failure"));
    // The whole file is there: its own definitions and imports need no word.
    let heads: Vec<&str> =
        packed.snippets.iter().filter(|one| one.lines().is_none()).map(Piece::header).collect();
    assert_eq!(heads, ["config.py (heads only)", "port.py (heads only)"]);
    assert!(packed.before.contains("#   def open_port(self) -> int\n"), "{}", packed.before);
    let comments = packed.before.strip_suffix(packed.prefix.text()).unwrap();
    assert!(comments.lines().all(|line| line.starts_with("# ")));
}

#[test]
fn a_cursor_in_a_long_file_keeps_what_is_near_and_its_imports() {
    let tree = ground();
    let filler: String = (0..200).map(|n| format!("def step_{n}():\n    pass\n\n\n")).collect();
    let typed = format!("from port import Port\n\n\n{filler}def last():\n    |\n\n\n{filler}");
    let packed = cursor(&tree, "main.py", &typed, &[], 300);
    assert!(packed.prefix.text().ends_with("def last():\n    "));
    assert!(packed.behind.contains("def step_0()"));
    assert!(packed.before.contains("# from port import Port\n"), "{}", packed.before);
    let lines = packed.prefix.lines().unwrap();
    assert_eq!(lines.last, 4 + 800 + 1);
    assert!(lines.first > 700, "{lines}");
    for tokens in [0, 1, 3, 10, 40] {
        cursor(&tree, "main.py", &typed, &[], tokens);
    }
    // A place that is no place of the tree.
    let path = RelPath::new("none.py").unwrap();
    let counter = |text: &str| text.len();
    let budget = Budget::new(100, &counter);
    let code = tree.open();
    assert!(CodeSource::from(&code).pack_cursor(&CursorRequest::new(&path, 0), &budget).is_err());
}

#[test]
fn like_lines_of_open_files_come_to_a_cursor() {
    let alike = |name: &str| {
        format!(
            "def load_{name}(path):\n    with open(path) as source:\n        rows = parse_rows(source.read())\n    return clean_rows(rows, strict=True)\n"
        )
    };
    let tree = Tree::new(&[
        ("a.py", alike("users").as_bytes()),
        ("b.py", alike("orders").as_bytes()),
        ("c.py", b"x = 1\n"),
    ]);
    let typed = "def load_items(path):\n    with open(path) as source:\n        rows = |";
    let packed = cursor(&tree, "d.py", typed, &["b.py"], 1_000);
    let paths: Vec<&str> = packed.snippets.iter().map(|one| one.path().unwrap().as_str()).collect();
    // The best stands next to the cursor: the one that is open.
    assert_eq!(paths, ["a.py", "b.py"]);
    assert!(matches!(packed.snippets[1].reason(), Reason::Similar { percent: 47 }));
    assert_eq!(packed.snippets[1].lines(), Some(LineRange::new(1, 4)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_budget_is_kept_and_every_token_told(
        tokens in 0..1_500_usize,
        search in 0..1_500_usize,
        kind in 0..4_usize,
        question in "(port|open_port|main.py|main.py:5-8|load/|\\*.py|@Config|number|weigh|@diff|@zzz| ){1,6}",
        more in "(weigh_load|port|notes.md| ){1,4}",
    ) {
        let tree = ground();
        let code = tree.open();
        let source = CodeSource::from(&code);
        let counter = move |text: &str| count(kind, text);
        let budget = Budget { tokens, search_tokens: search, counter: &counter };
        let context = source.pack(&PackRequest::new(&question), &budget).unwrap();
        let text = context.render();
        prop_assert!(text.is_empty() || counter(&text) <= tokens);
        prop_assert!(text.is_empty() || counter(&text) <= search);
        sound(&context);
        prop_assert_eq!(&context, &source.pack(&PackRequest::new(&question), &budget).unwrap());
        for passage in context.passages() {
            let whole = code_text(&code, &passage.path);
            let lines: Vec<&str> = whole.split_inclusive('\n').collect();
            let shown = lines[passage.lines.first - 1..passage.lines.last].concat();
            prop_assert_eq!(&passage.text, &shown);
        }
        // And the next turn.
        let mut request = PackRequest::new(&more);
        request.earlier = Some(&context);
        let large = Budget { tokens: tokens + 2 * search + 9, search_tokens: search, counter: &counter };
        let next = source.pack(&request, &large).unwrap();
        sound(&next);
        prop_assert!(next.render().starts_with(&text));
    }
}

fn code_text(code: &CodeBase, path: &RelPath) -> String {
    use mlxcode_context::FileSet as _;
    code.text(path).unwrap().into_owned()
}
