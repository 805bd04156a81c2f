use std::ops::{ControlFlow, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, OutputError, PlainTextOutput, output_doc_page};

use crate::error::{Error, Result};

/// A part of what a PDF holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PdfPart {
    /// It could be opened.
    Opened {
        /// How many pages it says that it has.
        pages: usize,
    },
    /// A page.
    Page {
        /// Its number, from one.
        number: usize,
        /// Its text in reading order; `None` where it could not be read.
        text: Option<String>,
    },
}

/// Reads the texts of the pages in a range, from one, and hands each on as it
/// comes; `Break` ends the reading. A page that cannot be read is told of, and
/// the next ones follow.
///
/// A document that is encrypted without a password, which only asks programs
/// not to print or copy, is read.
///
/// # Errors
/// A document that cannot be opened.
pub fn read_pdf(
    bytes: Vec<u8>,
    wanted: RangeInclusive<usize>,
    found: &mut dyn FnMut(PdfPart) -> ControlFlow<()>,
) -> Result<()> {
    let document = shielded(|| open(&bytes))?;
    drop(bytes);
    let pages = shielded(|| Ok(document.get_pages().len()))?;
    if pages == 0 {
        // Its list of pages is damaged: the file says that it has one.
        return Err(Error::Damaged { reason: "no page was found".to_owned() });
    }
    if found(PdfPart::Opened { pages }).is_break() {
        return Ok(());
    }
    for number in (*wanted.start()).max(1)..=pages.min(*wanted.end()) {
        let text = shielded(|| text_of(&document, number)).ok();
        if found(PdfPart::Page { number, text }).is_break() {
            break;
        }
    }
    Ok(())
}

fn open(bytes: &[u8]) -> Result<Document> {
    let mut document = Document::load_mem(bytes).map_err(opened)?;
    if document.is_encrypted() {
        document.decrypt("").map_err(opened)?;
    }
    Ok(document)
}

fn opened(error: pdf_extract::Error) -> Error {
    match error {
        pdf_extract::Error::Decryption(_) | pdf_extract::Error::InvalidPassword => Error::Encrypted,
        error => Error::Damaged { reason: error.to_string() },
    }
}

fn text_of(document: &Document, number: usize) -> Result<String> {
    let damaged = |error: OutputError| Error::Damaged { reason: error.to_string() };
    let page = u32::try_from(number).unwrap_or(u32::MAX);
    let mut text = String::new();
    let mut output = PlainTextOutput::new(&mut text);
    output_doc_page(document, &mut output, page).map_err(damaged)?;
    Ok(text)
}

/// Runs the reader. One that gives up over a damaged file in a panic has not
/// found out less than one that says so.
fn shielded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let gave_up = |_| Err(Error::Damaged { reason: "its reader gave up".to_owned() });
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(gave_up)
}
