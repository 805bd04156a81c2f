//! Documents that are whole, and those that are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]

use std::ops::{ControlFlow, RangeInclusive};

use mlxcode_document::{Error, PdfPart, read_pdf};
use proptest::prelude::*;

const PAGES: [&str; 3] = ["The answer is 42.", "Of no interest", "Last page"];

/// A PDF with a line of text on each page.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let count = pages.len();
    let kids: String = (0..count).map(|at| format!("{} 0 R ", 4 + 2 * at)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count {count}>>"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    for (at, text) in pages.iter().enumerate() {
        let content = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {} 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
            5 + 2 * at
        ));
        objects.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    let (mut file, mut table) = ("%PDF-1.7\n".to_owned(), String::new());
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let (start, size) = (file.len(), objects.len() + 1);
    file.push_str(&format!(
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ));
    file.into_bytes()
}

/// What is read, a line a part.
fn read(bytes: Vec<u8>, wanted: RangeInclusive<usize>) -> Result<Vec<String>, Error> {
    let mut parts = Vec::new();
    read_pdf(bytes, wanted, &mut |part| {
        parts.push(match part {
            PdfPart::Opened { pages } => format!("{pages} pages"),
            PdfPart::Page { number, text } => {
                format!("{number}: {}", text.as_deref().map_or("-", str::trim))
            }
        });
        ControlFlow::Continue(())
    })?;
    Ok(parts)
}

#[test]
fn pages_are_read_in_their_order() {
    let all = ["3 pages", "1: The answer is 42.", "2: Of no interest", "3: Last page"];
    assert_eq!(read(pdf(&PAGES), 1..=99).unwrap(), all);
    assert_eq!(read(pdf(&PAGES), 2..=2).unwrap(), ["3 pages", "2: Of no interest"]);
    assert_eq!(read(pdf(&PAGES), 0..=1).unwrap(), all[..2]);
    assert_eq!(read(pdf(&PAGES), 9..=12).unwrap(), ["3 pages"]);
}

#[test]
fn who_has_enough_is_given_no_more() {
    let mut count = 0;
    let enough = &mut |_| {
        count += 1;
        ControlFlow::Break(())
    };
    read_pdf(pdf(&PAGES), 1..=3, enough).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn what_is_no_document_is_an_error() {
    for bytes in [&b""[..], b"%PDF-1.7\n", b"hello there", &[0xff; 4_096]] {
        assert!(matches!(read(bytes.to_vec(), 1..=1), Err(Error::Damaged { .. })));
    }
}

/// Quiet, because each way of giving up in the reader prints where it was.
fn quietly(work: impl FnOnce()) {
    std::panic::set_hook(Box::new(|_| {}));
    work();
    let _ = std::panic::take_hook();
}

#[test]
fn every_truncation_is_read_or_refused() {
    let whole = pdf(&PAGES[..1]);
    quietly(|| {
        for end in 0..whole.len() {
            // What is left of a page may still be read; nothing else is.
            if let Ok(parts) = read(whole[..end].to_vec(), 1..=9) {
                assert!(parts[0].ends_with("pages"), "{end}: {parts:?}");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn flipped_bytes_are_read_or_refused(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = pdf(&PAGES[..2]);
        for (at, with) in flips {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        quietly(|| {
            let _ = read(bytes, 1..=9);
        });
    }
}
