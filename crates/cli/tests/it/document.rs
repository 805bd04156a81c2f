//! The verb that reads a PDF for another process.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mlxcode_core::{
    AttachedFile, AttachmentOptions, CancelToken, Dirs, DocumentCommand, ServerFolders, Workspace,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mlx-code");

/// A PDF with one page, of this content, that may show the picture `/I`.
fn pdf(content: &str, picture: Option<(usize, usize, &[u8])>) -> Vec<u8> {
    let (width, height, pixels) = picture.unwrap_or((1, 1, &[0]));
    let objects: [Vec<u8>; 6] = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>/XObject<</I 6 0 R>>>>>>".to_vec(),
        format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()).into_bytes(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_vec(),
        [
            format!("<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceGray/BitsPerComponent 8/Length {}>>\nstream\n", pixels.len()).as_bytes(),
            pixels,
            b"\nendstream",
        ]
        .concat(),
    ];
    let (mut file, mut table) = (b"%PDF-1.7\n".to_vec(), String::new());
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n", at + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(
        format!("xref\n0 7\n0000000000 65535 f \n{table}trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes(),
    );
    file
}

const WORDS: &str = "BT /F1 40 Tf 40 600 Td (Invoice number 4711) Tj ET";

/// What the verb prints of a file, and whether it ended well.
fn read(bytes: &[u8]) -> (bool, String) {
    let mut child = Command::new(PROGRAM)
        .args(["__document", "1", "9"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_document_is_read_from_the_input() {
    let expect = "{\"pages\":{\"count\":1}}\n{\"page\":{\"number\":1,\"text\":\"\\n\\nInvoice number 4711\"}}\n\"end\"\n";
    assert_eq!(read(&pdf(WORDS, None)), (true, expect.to_owned()));
    let damaged = "{\"failed\":{\"why\":\"damaged\"}}\n".to_owned();
    assert_eq!(read(b"%PDF-1.7\nno more"), (true, damaged.clone()));
    assert_eq!(read(b""), (true, damaged));
}

fn ground() -> (tempfile::TempDir, Workspace, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let workspace = Workspace::open(&tree, &Dirs::under(folder.path())).unwrap();
    (folder, workspace, tree)
}

fn attach(workspace: &Workspace, path: &Path, folders: &ServerFolders, sees: bool) -> String {
    let command = DocumentCommand::new(PROGRAM, ["__document".into()]);
    let reader = workspace.attachments(folders, Some(command));
    let mut options = AttachmentOptions::default();
    options.sees = sees;
    options.cancel = CancelToken::new();
    match reader.read(&AttachedFile::Named(path.to_owned()), &options) {
        Ok(attached) => format!("{} pictures; {}", attached.images.len(), attached.told()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_document_that_takes_all_memory_takes_that_of_its_reader_alone() {
    let (_folder, workspace, tree) = ground();
    let place = tree.join("a.pdf");
    // Brackets in brackets: whoever follows them runs out of stack.
    let deep = format!("{}{}", "[".repeat(2_000_000), "]".repeat(2_000_000));
    fs::write(&place, pdf(&deep, None)).unwrap();
    let told = attach(&workspace, &place, &ServerFolders::default(), false);
    // Whatever it makes of it, this process goes on.
    assert!(told.contains("a.pdf"), "{told}");
    fs::write(&place, pdf(WORDS, None)).unwrap();
    let told = attach(&workspace, &place, &ServerFolders::default(), false);
    assert!(told.contains("[page 1]\nInvoice number 4711"), "{told}");
}

#[test]
#[ignore = "asks tesseract and pdftoppm, where they are installed"]
fn real_attachments() {
    let (_folder, workspace, tree) = ground();
    let folders = ServerFolders::from_env();
    let place = tree.join("a.pdf");
    fs::write(&place, pdf(WORDS, None)).unwrap();
    // The page as a picture, and a page that is that picture.
    let paint = |kind: &str| {
        let painted = Command::new("pdftoppm")
            .args(["-gray", "-r", "100"])
            .args((kind == "png").then_some("-png"))
            .arg(&place)
            .output()
            .unwrap();
        painted.stdout
    };
    let picture = tree.join("a.png");
    fs::write(&picture, paint("png")).unwrap();
    let told = attach(&workspace, &picture, &folders, false);
    assert!(told.contains("Invoice number 4711"), "{told}");
    assert_eq!(attach(&workspace, &picture, &folders, true).split(';').next(), Some("1 pictures"));
    let raw = paint("pgm");
    let head: Vec<usize> = String::from_utf8_lossy(&raw[..40])
        .split_ascii_whitespace()
        .skip(1)
        .take(2)
        .map(|number| number.parse().unwrap())
        .collect();
    let pixels = &raw[raw.len() - head[0] * head[1]..];
    let scan = tree.join("scan.pdf");
    fs::write(&scan, pdf("600 0 0 800 0 0 cm /I Do", Some((head[0], head[1], pixels)))).unwrap();
    let told = attach(&workspace, &scan, &folders, false);
    assert!(told.contains("[page 1]\nInvoice number 4711"), "{told}");
    assert_eq!(attach(&workspace, &scan, &folders, true).split(';').next(), Some("1 pictures"));
    let told = attach(&workspace, &scan, &ServerFolders::default(), true);
    assert!(told.contains("`pdftoppm` is not installed"), "{told}");
}
