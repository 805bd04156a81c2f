use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::PathBuf;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlxcode_base::{ByteSize, CancelToken, Root};
use mlxcode_context::MediaType;
use mlxcode_models::Image;

use super::attached::{Attached, first};
use super::document::{self, DocumentCommand, PDFTOPPM, PDFTOTEXT};
use super::error::AttachmentError;
use super::limits;
use super::ocr::{self, OcrLanguages, TESSERACT};
use super::picture::pixels;
use super::source::{AttachedFile, Opened};
use super::told::clean;
use crate::program::{DirectRunner, ProgramInput, find_program};

/// What of attachments is told where nobody says, in bytes: a context of
/// 32,768 tokens holds twice as much.
const TEXT_BYTES: usize = 64 << 10;

/// Reads pictures and documents for a model.
#[derive(Clone)]
pub struct AttachmentReader {
    root: Root,
    folders: Vec<PathBuf>,
    document: Option<DocumentCommand>,
    languages: OcrLanguages,
}

/// How an attachment is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttachmentOptions {
    /// Whether the model sees pictures.
    pub sees: bool,
    /// The pages of a document; `None` takes the first 300.
    pub pages: Option<PageRange>,
    /// The most bytes of text; 65,536.
    pub text_bytes: usize,
    /// The most bytes of pictures of pages; 16 MiB.
    pub images_bytes: u64,
    /// Stops the work.
    pub cancel: CancelToken,
}

impl Default for AttachmentOptions {
    fn default() -> Self {
        Self {
            sees: false,
            pages: None,
            text_bytes: TEXT_BYTES,
            images_bytes: limits::IMAGES_BYTES,
            cancel: CancelToken::new(),
        }
    }
}

/// Pages of a document, from one, the last with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRange {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
}

impl PageRange {
    pub(super) fn holds(self, number: usize) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

impl AttachmentReader {
    /// A reader of a tree's files, and of those that a person names. `folders`
    /// are those of programs, usually of `PATH`: `tesseract` and `pdftoppm` are
    /// looked for there, and not in the tree.
    pub fn new(root: Root, folders: Vec<PathBuf>) -> Self {
        let languages = OcrLanguages::default();
        Self { root, folders, document: None, languages }
    }

    /// Names the program that reads PDFs. Without one, they are refused.
    pub fn with_document(mut self, command: DocumentCommand) -> Self {
        self.document = Some(command);
        self
    }

    /// Sets the languages of texts in pictures; English without.
    pub fn with_languages(mut self, languages: OcrLanguages) -> Self {
        self.languages = languages;
        self
    }

    /// Reads a picture or a document. What it is its first bytes say, not its
    /// name.
    pub fn read(
        &self,
        which: &AttachedFile,
        options: &AttachmentOptions,
    ) -> Result<Attached, AttachmentError> {
        let opened = Opened::open(&self.root, which)?;
        if options.cancel.is_cancelled() {
            return Err(AttachmentError::Cancelled);
        }
        if opened.media_type == MediaType::Pdf {
            self.read_document(opened, options)
        } else {
            self.read_picture(opened, options)
        }
    }

    fn read_picture(
        &self,
        mut opened: Opened,
        options: &AttachmentOptions,
    ) -> Result<Attached, AttachmentError> {
        let (name, media_type) = (opened.name.clone(), opened.media_type);
        let is_for_models = matches!(
            media_type,
            MediaType::Png | MediaType::Jpeg | MediaType::Gif | MediaType::WebP
        );
        let is_shown = options.sees && is_for_models;
        // Its text can be read where a model takes no such picture.
        if media_type == MediaType::Avif {
            return Err(AttachmentError::UnsupportedKind { name, media_type });
        }
        let bytes =
            opened.bytes(if is_shown { limits::IMAGE_BYTES } else { limits::SCAN_BYTES })?;
        let size = pixels(media_type, &bytes);
        if size.is_none() && media_type != MediaType::Tiff {
            return Err(opened.damaged());
        }
        if let Some(size) = size {
            let (width, height) = (size.width, size.height);
            let count = u64::from(width) * u64::from(height);
            let is_fine = if is_shown {
                width.max(height) <= limits::IMAGE_SIDE
            } else {
                count <= limits::SCAN_PIXELS
            };
            if !is_fine {
                let most = if is_shown {
                    format!("{0} × {0}", limits::IMAGE_SIDE)
                } else {
                    format!("{} million", limits::SCAN_PIXELS / 1_000_000)
                };
                return Err(AttachmentError::TooManyPixels { name, width, height, most });
            }
        }
        let mut attached = Attached::new(name, media_type);
        if is_shown {
            attached.images.push(image(media_type, &bytes));
            return Ok(attached);
        }
        let missing = || AttachmentError::NoOcr { name: attached.name.clone() };
        let program = self.program(TESSERACT).ok_or_else(missing)?;
        let text = self.text_of(&program, &attached.name, bytes, options)?;
        if text.is_empty() {
            return Err(AttachmentError::NoText { name: attached.name });
        }
        attached.text = Some(first(text, options.text_bytes, &mut attached.remarks));
        attached.remarks.push(BY_OCR.to_owned());
        Ok(attached)
    }

    fn read_document(
        &self,
        opened: Opened,
        options: &AttachmentOptions,
    ) -> Result<Attached, AttachmentError> {
        let name = opened.name.clone();
        if opened.size_bytes > limits::DOCUMENT_BYTES {
            return Err(opened.too_large(limits::DOCUMENT_BYTES));
        }
        let missing = || AttachmentError::NoDocumentReader { name: name.clone() };
        let command = self.document.as_ref().ok_or_else(missing)?;
        let wanted = options.pages.unwrap_or(PageRange { first: 1, last: limits::PAGES });
        let first = wanted.first.max(1);
        let last = wanted.last.clamp(first, first.saturating_add(limits::PAGES - 1));
        let wanted = PageRange { first, last };
        let again = |source| AttachmentError::Unreadable { name: name.clone(), source };
        let file = opened.file.try_clone().map_err(again)?;
        let mut remark = None;
        let pages = match document::pages(&DirectRunner, command, opened, wanted, &options.cancel) {
            Err(damaged @ AttachmentError::Damaged { .. }) => {
                let Some(program) = self.program(PDFTOTEXT) else { return Err(damaged) };
                let again = (name.as_str(), rewound(&file).map_err(again)?);
                let runner = &DirectRunner;
                remark = Some("It is damaged: `pdftotext` read what it could.".to_owned());
                document::mended(runner, &program, again, wanted, &options.cancel)?
                    .ok_or(damaged)?
            }
            pages => pages?,
        };
        if first > pages.count {
            return Err(AttachmentError::NoSuchPage { name, pages: pages.count, first });
        }
        let mut attached = Attached::new(name, MediaType::Pdf);
        attached.remarks.extend(remark);
        let mut texts = BTreeMap::new();
        let (mut without, mut unreadable) = (Vec::new(), Vec::new());
        for (number, text) in &pages.read {
            match text.as_deref().map(clean) {
                None => unreadable.push(*number),
                Some(text) if text.contains(char::is_alphanumeric) => {
                    texts.insert(*number, text);
                }
                Some(_) => without.push(*number),
            }
        }
        if !without.is_empty() {
            let has_text = !texts.is_empty();
            let scan = Scan { file, numbers: &without, has_text };
            self.read_scan(scan, &mut attached, &mut texts, options)?;
        }
        attached.remark_pages("could not be read", &unreadable);
        attached.put_pages(texts, options.text_bytes);
        attached.remark_end(&pages, wanted);
        if attached.text.is_none() && attached.images.is_empty() {
            return Err(AttachmentError::NoText { name: attached.name });
        }
        Ok(attached)
    }

    /// Pages that are pictures: shown to a model that sees, read for another.
    fn read_scan(
        &self,
        scan: Scan<'_>,
        attached: &mut Attached,
        texts: &mut BTreeMap<usize, String>,
        options: &AttachmentOptions,
    ) -> Result<(), AttachmentError> {
        let (painter, reader) = (self.program(PDFTOPPM), self.program(TESSERACT));
        let missing = match (&painter, &reader) {
            (None, _) => Some(PDFTOPPM),
            (_, None) if !options.sees => Some(TESSERACT),
            _ => None,
        };
        let (Some(painter), None) = (painter, missing) else {
            let missing = missing.unwrap_or(PDFTOPPM);
            if !scan.has_text {
                return Err(AttachmentError::Scanned { name: attached.name.clone(), missing });
            }
            let why = format!("without text could not be read: `{missing}` is not installed");
            attached.remark_pages(&why, scan.numbers);
            return Ok(());
        };
        let end = Instant::now() + limits::SCANS_TIME;
        let (mut read, mut left) = (0, Vec::new());
        let mut failed = None;
        for number in scan.numbers {
            if read == limits::SCANNED_PAGES || Instant::now() >= end {
                left.push(*number);
                continue;
            }
            read += 1;
            let text =
                self.read_page(&painter, reader.as_deref(), &scan.file, *number, attached, options);
            match text {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    texts.insert(*number, text);
                }
                Err(
                    error @ (AttachmentError::Cancelled | AttachmentError::NoLanguageData { .. }),
                ) => {
                    return Err(error);
                }
                Err(error) => {
                    left.push(*number);
                    failed = Some(error);
                }
            }
        }
        if !options.sees && !texts.is_empty() {
            attached.remarks.push(BY_OCR.to_owned());
        }
        if let Some(error) = failed.take_if(|_| texts.is_empty() && attached.images.is_empty()) {
            return Err(error);
        }
        let why = failed.map_or_else(String::new, |error| format!(": {error}"));
        attached.remark_pages(&format!("are pictures that were left out{why}"), &left);
        Ok(())
    }

    fn read_page(
        &self,
        painter: &std::path::Path,
        reader: Option<&std::path::Path>,
        file: &File,
        number: usize,
        attached: &mut Attached,
        options: &AttachmentOptions,
    ) -> Result<String, AttachmentError> {
        let file = rewound(file).map_err(|source| AttachmentError::Unreadable {
            name: attached.name.clone(),
            source,
        })?;
        let named = (attached.name.as_str(), file);
        let bytes = document::picture(&DirectRunner, painter, named, number, &options.cancel)?;
        if options.sees {
            let size = bytes.len() as u64;
            let left = options.images_bytes.saturating_sub(attached.images_bytes());
            let most = limits::IMAGE_BYTES.min(left);
            if size > most {
                let (name, size) = (format!("the picture of page {number}"), ByteSize(size));
                return Err(AttachmentError::TooLarge { name, size, most: ByteSize(most) });
            }
            attached.images.push(image(MediaType::Png, &bytes));
            return Ok(String::new());
        }
        let Some(reader) = reader else { return Ok(String::new()) };
        self.text_of(reader, &attached.name, bytes, options)
    }

    fn text_of(
        &self,
        program: &std::path::Path,
        name: &str,
        picture: Vec<u8>,
        options: &AttachmentOptions,
    ) -> Result<String, AttachmentError> {
        let picture = ProgramInput::Bytes(picture);
        let cancel = &options.cancel;
        let text = ocr::text_of(&DirectRunner, program, name, picture, &self.languages, cancel)?;
        Ok(clean(&text))
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        find_program(name, &self.folders, Some(self.root.path()))
    }
}

impl std::fmt::Debug for AttachmentReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachmentReader").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Pages of a document that are pictures.
struct Scan<'a> {
    file: File,
    numbers: &'a [usize],
    /// Whether other pages have text.
    has_text: bool,
}

const BY_OCR: &str = "The text was read from pictures by tesseract and may have mistakes.";

/// The file once more, from its beginning.
fn rewound(file: &File) -> io::Result<File> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(file)
}

fn image(media_type: MediaType, bytes: &[u8]) -> Image {
    Image { media_type: media_type.as_str().to_owned(), base64: STANDARD.encode(bytes) }
}
