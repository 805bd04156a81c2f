//! The process that reads documents for another.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use mlxcode_agent::{DOCUMENT_BYTES, DocumentFailure, DocumentLine};
use mlxcode_document::{Error, PdfPart, read_pdf};

/// Reads a PDF from `input` and writes the texts of its pages from `first` to
/// `last`, a [`DocumentLine`] each, as they come.
///
/// A hidden verb of a face calls this, in a process of its own that whoever
/// started it ends: a file that was made to do harm may take all memory, or
/// crash its reader.
///
/// # Errors
/// What the system says of either stream.
pub fn read_document(
    input: impl Read,
    mut output: impl Write,
    first: usize,
    last: usize,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.take(DOCUMENT_BYTES + 1).read_to_end(&mut bytes)?;
    let mut written = Ok(());
    let read = if bytes.len() as u64 > DOCUMENT_BYTES {
        Err(Error::Damaged { reason: "it is too long".to_owned() })
    } else {
        read_pdf(bytes, first..=last, &mut |part| {
            let line = match part {
                PdfPart::Opened { pages } => DocumentLine::Pages { count: pages },
                PdfPart::Page { number, text } => DocumentLine::Page { number, text },
            };
            written = put(&mut output, &line);
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    };
    written?;
    put(
        &mut output,
        &match read {
            Ok(()) => DocumentLine::End,
            Err(Error::Encrypted) => DocumentLine::Failed { why: DocumentFailure::Encrypted },
            Err(_) => DocumentLine::Failed { why: DocumentFailure::Damaged },
        },
    )
}

/// Each line is written out at once: what comes after it may never come.
fn put(output: &mut impl Write, line: &DocumentLine) -> io::Result<()> {
    writeln!(output, "{}", line.to_json())?;
    output.flush()
}
