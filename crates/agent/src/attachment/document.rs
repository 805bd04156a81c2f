//! The pages of a document: their texts, and pictures of those without.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlxcode_base::CancelToken;

use super::error::AttachmentError;
use super::limits;
use super::lines::{DocumentFailure, DocumentLine};
use super::ocr::{failed, run};
use super::read::PageRange;
use super::source::Opened;
use crate::program::{ProgramCall, ProgramEnd, ProgramInput, ProgramRunner, ProgramStop};

/// The name of the program that makes pictures of pages.
pub const PDFTOPPM: &str = "pdftoppm";

/// The name of the program that reads what ours cannot.
pub const PDFTOTEXT: &str = "pdftotext";

/// The program that reads a PDF from its input and prints
/// [`DocumentLine`]s; the numbers of the first and the last page follow its
/// arguments. It is usually the face itself with a hidden verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// After this it is ended; 30 seconds.
    pub time: Duration,
}

impl DocumentCommand {
    /// A program and its arguments, with thirty seconds to read a document.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = OsString>) -> Self {
        let args = args.into_iter().collect();
        Self { program: program.into(), args, time: limits::DOCUMENT_TIME }
    }
}

/// What was read of a document.
#[derive(Debug, Default)]
pub struct Pages {
    /// How many the document says that it has.
    pub count: usize,
    /// Whether it has more, nobody knows how many.
    pub has_more: bool,
    /// Those that were read, by their numbers; `None` where one could not be.
    pub read: Vec<(usize, Option<String>)>,
    /// Why there are no more, where there should be.
    pub broken_off: Option<String>,
}

/// Reads the texts of pages. What was read before the reader failed counts.
pub fn pages(
    runner: &dyn ProgramRunner,
    command: &DocumentCommand,
    opened: Opened,
    wanted: PageRange,
    cancel: &CancelToken,
) -> Result<Pages, AttachmentError> {
    let name = opened.name.clone();
    let mut call = ProgramCall::new(&command.program)
        .args(command.args.iter().cloned())
        .args([wanted.first.to_string(), wanted.last.to_string()]);
    call.input = ProgramInput::File(opened.file);
    call.time = command.time;
    call.output_bytes = limits::DOCUMENT_OUTPUT;
    call.memory_bytes = Some(limits::READER_MEMORY);
    let end = runner
        .run(call, cancel)
        .map_err(|source| AttachmentError::Start { program: program(command), source })?;
    if end.stopped == Some(ProgramStop::Cancelled) {
        return Err(AttachmentError::Cancelled);
    }
    let (mut pages, mut is_whole) = (Pages::default(), false);
    for line in DocumentLine::all(&end.output) {
        match line {
            DocumentLine::Pages { count } => pages.count = count,
            DocumentLine::Page { number, text } if wanted.holds(number) => {
                pages.read.push((number, text));
            }
            DocumentLine::Failed { why: DocumentFailure::Encrypted } => {
                return Err(AttachmentError::Encrypted { name });
            }
            DocumentLine::Failed { why: DocumentFailure::Damaged } => {
                let media_type = opened.media_type;
                return Err(AttachmentError::Damaged { name, media_type });
            }
            DocumentLine::End => is_whole = true,
            DocumentLine::Page { .. } => {}
        }
    }
    if is_whole {
        return Ok(pages);
    }
    if pages.read.is_empty() {
        return Err(no_pages(command, &name, &end));
    }
    pages.broken_off = Some(match end.stopped {
        Some(ProgramStop::Time) => format!("its {} seconds were over", command.time.as_secs()),
        Some(_) => "they are too long".to_owned(),
        None => "the program that reads them crashed, or needed too much memory".to_owned(),
    });
    Ok(pages)
}

fn no_pages(command: &DocumentCommand, name: &str, end: &ProgramEnd) -> AttachmentError {
    let (name, program) = (name.to_owned(), program(command));
    if let Some(ProgramStop::Time) = end.stopped {
        return AttachmentError::Slow { name, program, time: command.time };
    }
    // A panic of the reader is told in words that are not for people.
    let reason = match end.status {
        Some(status) => format!("it ended with status {status}"),
        None => "it crashed, or needed too much memory".to_owned(),
    };
    AttachmentError::Failed { name, program, reason }
}

fn program(command: &DocumentCommand) -> String {
    command.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the texts of pages by `pdftotext`, which mends more than our reader
/// does. `None` where it cannot either.
pub fn mended(
    runner: &dyn ProgramRunner,
    program: &Path,
    (name, file): (&str, File),
    wanted: PageRange,
    cancel: &CancelToken,
) -> Result<Option<Pages>, AttachmentError> {
    // One more tells whether that is all: such a document does not say how many
    // it has.
    let beyond = wanted.last.saturating_add(1);
    let (first, last) = (wanted.first.to_string(), beyond.to_string());
    let mut call = ProgramCall::new(program)
        .args(["-q", "-enc", "UTF-8", "-f", &first, "-l", &last, "-", "-"]);
    call.input = ProgramInput::File(file);
    call.time = limits::DOCUMENT_TIME;
    call.output_bytes = limits::DOCUMENT_OUTPUT;
    call.memory_bytes = Some(limits::READER_MEMORY);
    let end = run(runner, call, PDFTOTEXT, name, cancel)?;
    if !end.is_ok() {
        return Ok(None);
    }
    // A sign ends each page.
    let output = String::from_utf8_lossy(&end.output);
    let texts = output.split_terminator('\u{c}').map(|text| Some(text.to_owned()));
    let mut read: Vec<_> = (wanted.first..=beyond).zip(texts).collect();
    let has_more = read.pop_if(|(number, _)| *number > wanted.last).is_some();
    let count = wanted.first - 1 + read.len();
    Ok((!read.is_empty()).then_some(Pages { count, has_more, read, broken_off: None }))
}

/// Makes a picture of a page, as PNG in shades of grey.
pub fn picture(
    runner: &dyn ProgramRunner,
    program: &Path,
    (name, file): (&str, File),
    number: usize,
    cancel: &CancelToken,
) -> Result<Vec<u8>, AttachmentError> {
    let (page, side) = (number.to_string(), limits::PAGE_SIDE.to_string());
    // Without a name for its output it writes there.
    let mut call = ProgramCall::new(program).args([
        "-png",
        "-gray",
        "-q",
        "-f",
        &page,
        "-l",
        &page,
        "-scale-to",
        &side,
        "-",
    ]);
    call.input = ProgramInput::File(file);
    call.time = limits::SCAN_TIME;
    call.output_bytes = limits::PAGE_BYTES;
    call.memory_bytes = Some(limits::READER_MEMORY);
    let end = run(runner, call, PDFTOPPM, name, cancel)?;
    if end.is_ok() && end.output.starts_with(b"\x89PNG") {
        return Ok(end.output);
    }
    Err(failed(PDFTOPPM, name, &end))
}
