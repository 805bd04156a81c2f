//! Pictures and documents, read by programs that do what a test says.

use std::fs;
use std::path::Path;

use mlxcode_agent::{
    Attached, AttachedFile, AttachmentError, AttachmentOptions, AttachmentReader, DocumentCommand,
    DocumentFailure, DocumentLine, PageRange,
};
use mlxcode_base::{CancelToken, Diagnostic as _, RelPath, Root};
use tempfile::TempDir;

/// The head of a picture of so many pixels; nothing else of it is read.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes
}

struct Ground {
    folder: TempDir,
    document: Option<String>,
}

impl Ground {
    /// A tree with these files, and a folder of programs beside it.
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::create_dir(folder.path().join("tree")).unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join("tree").join(name), bytes).unwrap();
        }
        Self { folder, document: None }
    }

    /// Installs a program that is a script of the shell.
    fn with(self, name: &str, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let place = self.folder.path().join("bin").join(name);
        fs::write(&place, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A reader of documents that prints these lines, then runs a script.
    fn printing(mut self, lines: &[DocumentLine], script: &str) -> Self {
        let text: String = lines.iter().map(|line| line.to_json() + "\n").collect();
        let place = self.folder.path().join("lines");
        fs::write(&place, text).unwrap();
        self.document = Some(format!("cat >/dev/null; cat {}; {script}", place.display()));
        self
    }

    fn reader(&self) -> AttachmentReader {
        let root = Root::open(&self.folder.path().join("tree")).unwrap();
        let reader = AttachmentReader::new(root, vec![self.folder.path().join("bin")]);
        match &self.document {
            Some(script) => {
                let args = ["-c", script, "sh"].map(Into::into);
                reader.with_document(DocumentCommand::new("/bin/sh", args))
            }
            None => reader,
        }
    }

    fn read(&self, name: &str, sees: bool) -> Result<Attached, AttachmentError> {
        let mut options = AttachmentOptions::default();
        options.sees = sees;
        self.reader().read(&AttachedFile::InTree(RelPath::new(name).unwrap()), &options)
    }

    #[track_caller]
    fn fails(&self, name: &str, sees: bool, code: &str, words: &str) {
        let error = self.read(name, sees).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.help().is_some(), "{error}");
    }
}

fn page(number: usize, text: &str) -> DocumentLine {
    serde_json::from_value(serde_json::json!({"page": {"number": number, "text": text}})).unwrap()
}

fn pages(count: usize) -> DocumentLine {
    serde_json::from_value(serde_json::json!({"pages": {"count": count}})).unwrap()
}

#[test]
fn a_model_that_sees_is_shown_a_picture() {
    let small = png(20, 10);
    // What a file is its first bytes say, not its name.
    let ground = Ground::new(&[("shot.txt", &small)]);
    let attached = ground.read("shot.txt", true).unwrap();
    assert_eq!(attached.images[0].media_type, "image/png");
    assert_eq!(attached.images[0].base64, "iVBORw0KGgoAAAANSUhEUgAAABQAAAAK");
    assert_eq!(attached.told(), "The picture shot.txt is shown as a picture.");
    let outside = ground.folder.path().join("out.png");
    fs::write(&outside, &small).unwrap();
    let mut options = AttachmentOptions::default();
    options.sees = true;
    assert!(ground.reader().read(&AttachedFile::Named(outside.clone()), &options).is_ok());
    // A tree does not lead out of itself.
    std::os::unix::fs::symlink(&outside, ground.folder.path().join("tree/link.png")).unwrap();
    assert!(matches!(ground.read("link.png", true), Err(AttachmentError::Path(_))));
}

#[test]
fn pictures_have_limits() {
    let long = [png(20, 10), vec![0; 4 << 20]].concat();
    let tiff = [&b"II*\0"[..], &[0; 64]].concat();
    let ground = Ground::new(&[
        ("wide.png", &png(9_000, 10)),
        ("many.png", &png(7_000, 7_000)),
        ("long.png", &long),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("none.png", &png(0, 10)),
        ("text.png", b"hello"),
        ("empty.png", b""),
        ("scan.tiff", &tiff),
    ])
    .with("tesseract", "cat >/dev/null; echo read");
    ground.fails("wide.png", true, "attachment.too_many_pixels", "9000 × 10 pixels");
    ground.fails("many.png", false, "attachment.too_many_pixels", "40 million");
    ground.fails("long.png", true, "attachment.too_large", "4.0 MiB, and at most 3.8 MiB");
    ground.fails("cut.png", true, "attachment.damaged", "image/png");
    ground.fails("none.png", false, "attachment.damaged", "image/png");
    ground.fails("text.png", true, "attachment.unknown_kind", "text.png");
    ground.fails("empty.png", true, "attachment.unknown_kind", "empty.png");
    ground.fails("gone.png", true, "attachment.unreadable", "gone.png");
    // Its text is read where no model takes such a picture.
    assert_eq!(ground.read("scan.tiff", true).unwrap().text.as_deref(), Some("read"));
    assert_eq!(ground.read("long.png", false).unwrap().text.as_deref(), Some("read"));
}

#[test]
fn the_text_of_a_picture_is_for_a_model_that_does_not_see() {
    let picture = png(20, 10);
    let files: [(&str, &[u8]); 1] = [("shot.png", &picture)];
    Ground::new(&files).fails("shot.png", false, "attachment.no_ocr", "`tesseract`");
    let script = "test \"$*\" = 'stdin stdout -l eng' || exit 9\n\
        test $(wc -c) = 24 || exit 8\n\
        test -z \"$HF_TOKEN\" || exit 7\n\
        printf 'Error 4711\\r\\n\\n\\n\\n  ```\\033[31m  \\n\\f'";
    let attached = Ground::new(&files).with("tesseract", script).read("shot.png", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("Error 4711\n\n  ```[31m"));
    assert!(attached.told().contains("\n````text\nError 4711"), "{}", attached.told());
    assert!(attached.told().contains("may have mistakes"), "{}", attached.told());
    let fails = |script: &str, code: &str, words: &str| {
        Ground::new(&files).with("tesseract", script).fails("shot.png", false, code, words);
    };
    fails("true", "attachment.no_text", "no text");
    // As tesseract says it.
    let missing = "echo \"Failed loading language 'eng'\" >&2; exit 1";
    fails(missing, "attachment.no_language_data", "`eng`");
    fails("echo bad >&2; exit 1", "attachment.failed", "bad");
    fails("kill -SEGV $$", "attachment.failed", "crashed");
    fails("yes", "attachment.failed", "more than it may");
}

#[test]
fn the_text_of_a_document_is_told_by_pages() {
    let files: [(&str, &[u8]); 1] = [("a.pdf", b"%PDF-1.7\n")];
    Ground::new(&files).fails("a.pdf", true, "attachment.no_document_reader", "PDFs");
    let two = [pages(2), page(1, "one\n\n\n\nmore"), page(2, "two"), DocumentLine::End];
    let attached = Ground::new(&files).printing(&two, "").read("a.pdf", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\none\n\nmore\n\n[page 2]\ntwo"));
    assert_eq!(attached.remarks, [""; 0]);
    // A reader that dies leaves what it has read, and that is told.
    let attached =
        Ground::new(&files).printing(&two[..2], "kill -9 $$").read("a.pdf", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\none\n\nmore"));
    assert!(attached.remarks[0].starts_with("Pages 2 to 2 are left out"), "{:?}", attached.remarks);
    let fails = |lines: &[DocumentLine], script: &str, code: &str, words: &str| {
        Ground::new(&files).printing(lines, script).fails("a.pdf", true, code, words);
    };
    let failed = |why| serde_json::from_value(serde_json::json!({"failed": {"why": why}})).unwrap();
    fails(&[failed(DocumentFailure::Encrypted)], "", "attachment.encrypted", "password");
    fails(&[failed(DocumentFailure::Damaged)], "", "attachment.damaged", "a.pdf");
    fails(&[], "kill -9 $$", "attachment.failed", "too much memory");
    fails(&[], "exit 101", "attachment.failed", "101");
    fails(&[pages(2)], "yes", "attachment.failed", "");
    fails(&[pages(0), DocumentLine::End], "", "attachment.no_such_page", "0 pages");
}

#[test]
fn what_our_reader_cannot_mend_another_may() {
    let files: [(&str, &[u8]); 1] = [("a.pdf", b"%PDF-1.7\n")];
    let failed = [DocumentLine::Failed { why: DocumentFailure::Damaged }];
    let ground = || Ground::new(&files).printing(&failed, "");
    let script = "test \"$(cat)\" = %PDF-1.7 || exit 3; printf 'one\\n\\ftwo\\n\\f'";
    let attached = ground().with("pdftotext", script).read("a.pdf", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\none\n\n[page 2]\ntwo"));
    assert_eq!(attached.remarks, ["It is damaged: `pdftotext` read what it could."]);
    // One page more than is wanted tells that there are more.
    let more = "for page in $(seq $5 $7); do printf 'a\\n\\f'; done";
    let attached = ground().with("pdftotext", more).read("a.pdf", false).unwrap();
    let all = "What follows page 300 was not read.";
    assert_eq!(attached.remarks, ["It is damaged: `pdftotext` read what it could.", all]);
    assert!(!attached.text.unwrap().contains("[page 301]"));
    ground().with("pdftotext", "exit 1").fails("a.pdf", false, "attachment.damaged", "a.pdf");
    ground().with("pdftotext", "true").fails("a.pdf", false, "attachment.damaged", "a.pdf");
}

#[test]
fn the_pages_that_matter_are_named() {
    let files: [(&str, &[u8]); 1] = [("a.pdf", b"%PDF-1.7\n")];
    let mut ground = Ground::new(&files);
    let line = r#"{\"page\":{\"number\":$1,\"text\":\"from $1 to $2\"}}"#;
    ground.document =
        Some(format!("echo '{{\"pages\":{{\"count\":900}}}}'; echo \"{line}\"; echo '\"end\"'"));
    let read = |first, last| {
        let mut options = AttachmentOptions::default();
        options.pages = Some(PageRange { first, last });
        ground.reader().read(&AttachedFile::InTree(RelPath::new("a.pdf").unwrap()), &options)
    };
    let attached = read(7, 9).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 7]\nfrom 7 to 9"));
    assert_eq!(attached.remarks, ["Pages 10 to 900 were not read."]);
    assert_eq!(read(0, usize::MAX).unwrap().text.as_deref(), Some("[page 1]\nfrom 1 to 300"));
    assert_eq!(read(901, 902).unwrap_err().code(), "attachment.no_such_page");
}

#[test]
fn a_text_that_is_too_long_is_cut() {
    let files: [(&str, &[u8]); 1] = [("a.pdf", b"%PDF-1.7\n")];
    let lines = [pages(3), page(1, "äää"), page(2, "two"), page(3, "three"), DocumentLine::End];
    let ground = Ground::new(&files).printing(&lines, "");
    let mut options = AttachmentOptions::default();
    options.text_bytes = 12;
    let which = AttachedFile::InTree(RelPath::new("a.pdf").unwrap());
    let attached = ground.reader().read(&which, &options).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\nä"));
    assert!(
        attached.remarks[0].starts_with("Pages 1 to 3 are left out, the first of them in part")
    );
    options.cancel = CancelToken::new();
    options.cancel.cancel();
    let error = ground.reader().read(&which, &options).unwrap_err();
    assert!(matches!(error, AttachmentError::Cancelled));
}

#[test]
fn pages_that_are_pictures_are_read_as_such() {
    let files: [(&str, &[u8]); 1] = [("a.pdf", b"%PDF-1.7\n")];
    let scanned = [pages(2), page(1, " \n"), page(2, "\u{c}"), DocumentLine::End];
    let ground = || Ground::new(&files).printing(&scanned, "");
    ground().fails("a.pdf", true, "attachment.scanned", "`pdftoppm`");
    let painter = "cat >/dev/null; printf '\\211PNG page '; echo $5";
    let ground = || Ground::new(&files).printing(&scanned, "").with("pdftoppm", painter);
    ground().fails("a.pdf", false, "attachment.scanned", "`tesseract`");
    assert_eq!(ground().read("a.pdf", true).unwrap().images.len(), 2);
    let reading = || ground().with("tesseract", "printf 'read: '; tail -c 7");
    let attached = reading().read("a.pdf", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\nread: page 1\n\n[page 2]\nread: page 2"));
    // What a provider would refuse is not shown.
    let large = "cat >/dev/null; printf '\\211PNG'; head -c $((4 << 20)) /dev/zero";
    let painter = format!("test $5 = 1 && {{ {painter}; exit; }}; {large}");
    let attached = ground().with("pdftoppm", &painter).read("a.pdf", true).unwrap();
    assert_eq!(attached.images.len(), 1);
    let left = "Page 2 are pictures that were left out: the picture of page 2 has";
    assert!(attached.remarks[0].starts_with(left), "{:?}", attached.remarks);
    // Nor more than fits into a message.
    let mut options = AttachmentOptions::default();
    (options.sees, options.images_bytes) = (true, 15);
    let file = AttachedFile::InTree(RelPath::new("a.pdf").unwrap());
    let attached = ground().reader().read(&file, &options).unwrap();
    assert_eq!(attached.images.len(), 1);
    assert!(attached.remarks[0].starts_with("Page 2 are"), "{:?}", attached.remarks);
    // One page of text, one of a picture that nothing can read.
    let mixed = [pages(2), page(1, "words"), page(2, ""), DocumentLine::End];
    let attached = Ground::new(&files).printing(&mixed, "").read("a.pdf", false).unwrap();
    assert_eq!(attached.text.as_deref(), Some("[page 1]\nwords"));
    let remark = "Page 2 without text could not be read: `pdftoppm` is not installed.";
    assert_eq!(attached.remarks, [remark]);
}

#[test]
fn a_tree_brings_no_program() {
    let picture = png(20, 10);
    let ground = Ground::new(&[("shot.png", &picture)]).with("tesseract", "echo read");
    let from = ground.folder.path().join("bin/tesseract");
    let tree = ground.folder.path().join("tree");
    fs::rename(&from, tree.join("tesseract")).unwrap();
    let root = Root::open(&tree).unwrap();
    let reader = AttachmentReader::new(root, vec![tree, Path::new("bin").to_owned()]);
    let which = AttachedFile::InTree(RelPath::new("shot.png").unwrap());
    let error = reader.read(&which, &AttachmentOptions::default()).unwrap_err();
    assert_eq!(error.code(), "attachment.no_ocr");
}
