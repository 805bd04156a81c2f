use std::io;
use std::time::Duration;

use mlxcode_base::{ByteSize, Diagnostic, ErrorKind, PathError, io_error_kind};
use mlxcode_context::MediaType;
use thiserror::Error;

use super::limits;

/// Why an attachment could not be given to a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// The path leads out of the tree, or nowhere.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The file cannot be read.
    #[error("cannot read the attachment {name}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is neither a picture nor a document.
    #[error("{name} is neither a picture nor a PDF")]
    UnknownKind {
        /// The file.
        name: String,
    },
    /// The file is empty, cut off or damaged.
    #[error("{name} is damaged: it begins as {media_type} and cannot be read as that")]
    Damaged {
        /// The file.
        name: String,
        /// What it begins as.
        media_type: MediaType,
    },
    /// The file is larger than what is read.
    #[error("{name} has {size}, and at most {most} are read")]
    TooLarge {
        /// The file.
        name: String,
        /// Its length.
        size: ByteSize,
        /// The limit.
        most: ByteSize,
    },
    /// The picture has more pixels than what is read.
    #[error("{name} has {width} × {height} pixels, and at most {most} are read")]
    TooManyPixels {
        /// The file.
        name: String,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The limit, in words.
        most: String,
    },
    /// Neither the model nor the program that reads pictures takes this kind.
    #[error("no model takes {name}, which is {media_type}, nor can its text be read")]
    UnsupportedKind {
        /// The file.
        name: String,
        /// What it is.
        media_type: MediaType,
    },
    /// The model does not see, and nothing reads the text of pictures.
    #[error(
        "the model does not see pictures, and `tesseract`, which reads their text, is not installed"
    )]
    NoOcr {
        /// The file.
        name: String,
    },
    /// The languages of a text are named wrongly.
    #[error("`{languages}` names no languages of texts")]
    BadLanguages {
        /// What was named.
        languages: String,
    },
    /// The data of a language is not installed.
    #[error("`tesseract` has no data for {}", languages.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    NoLanguageData {
        /// The languages.
        languages: Vec<String>,
    },
    /// There is no text in it.
    #[error("no text was found in {name}")]
    NoText {
        /// The file.
        name: String,
    },
    /// This program reads no documents.
    #[error("this program cannot read PDFs")]
    NoDocumentReader {
        /// The file.
        name: String,
    },
    /// It asks for a password.
    #[error("{name} is encrypted and asks for a password")]
    Encrypted {
        /// The file.
        name: String,
    },
    /// Its pages are pictures, and a program that is needed for them is missing.
    #[error("the pages of {name} are pictures without text, and `{missing}` is not installed")]
    Scanned {
        /// The file.
        name: String,
        /// The program.
        missing: &'static str,
    },
    /// A page was named that is not there.
    #[error("{name} has {pages} pages, and page {first} was asked for")]
    NoSuchPage {
        /// The file.
        name: String,
        /// How many it has.
        pages: usize,
        /// The first that was asked for.
        first: usize,
    },
    /// A program that reads it cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// It took too long.
    #[error("`{program}` has not read {name} within {} s", time.as_secs())]
    Slow {
        /// The file.
        name: String,
        /// The program.
        program: String,
        /// Its time.
        time: Duration,
    },
    /// It crashed, wrote too much, or took too much memory.
    #[error("`{program}` could not read {name}: {reason}")]
    Failed {
        /// The file.
        name: String,
        /// The program.
        program: String,
        /// How it ended, or what it said.
        reason: String,
    },
    /// The caller stopped the work.
    #[error("stopped while an attachment was read")]
    Cancelled,
}

impl Diagnostic for AttachmentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Path(source) => source.kind(),
            Self::Unreadable { source, .. } | Self::Start { source, .. } => io_error_kind(source),
            Self::UnknownKind { .. } | Self::BadLanguages { .. } => ErrorKind::InvalidInput,
            Self::Damaged { .. } => ErrorKind::Corrupt,
            Self::TooLarge { .. } | Self::TooManyPixels { .. } => ErrorKind::ResourceExhausted,
            Self::UnsupportedKind { .. } | Self::NoDocumentReader { .. } => ErrorKind::Unsupported,
            Self::NoOcr { .. }
            | Self::NoLanguageData { .. }
            | Self::Scanned { .. }
            | Self::Failed { .. } => ErrorKind::Unavailable,
            Self::NoText { .. } | Self::NoSuchPage { .. } => ErrorKind::NotFound,
            Self::Encrypted { .. } => ErrorKind::PermissionDenied,
            Self::Slow { .. } => ErrorKind::Timeout,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Path(source) => source.code(),
            Self::Unreadable { .. } => "attachment.unreadable",
            Self::UnknownKind { .. } => "attachment.unknown_kind",
            Self::Damaged { .. } => "attachment.damaged",
            Self::TooLarge { .. } => "attachment.too_large",
            Self::TooManyPixels { .. } => "attachment.too_many_pixels",
            Self::UnsupportedKind { .. } => "attachment.unsupported_kind",
            Self::NoOcr { .. } => "attachment.no_ocr",
            Self::BadLanguages { .. } => "attachment.bad_languages",
            Self::NoLanguageData { .. } => "attachment.no_language_data",
            Self::NoText { .. } => "attachment.no_text",
            Self::NoDocumentReader { .. } => "attachment.no_document_reader",
            Self::Encrypted { .. } => "attachment.encrypted",
            Self::Scanned { .. } => "attachment.scanned",
            Self::NoSuchPage { .. } => "attachment.no_such_page",
            Self::Start { .. } => "attachment.start",
            Self::Slow { .. } => "attachment.slow",
            Self::Failed { .. } => "attachment.failed",
            Self::Cancelled => "attachment.cancelled",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Path(source) => return source.help(),
            Self::Unreadable { .. } => "check the path, and that the file may be read".to_owned(),
            Self::UnknownKind { .. } => {
                "pictures in PNG, JPEG, GIF, WebP, BMP and TIFF, and PDFs are taken; name a text \
                 by its path alone"
                    .to_owned()
            }
            Self::Damaged { .. } => "open it in another program, and save it again".to_owned(),
            Self::TooLarge { name, .. } if is_document(name) => {
                "cut out the pages that matter, such as by `qpdf --pages`".to_owned()
            }
            Self::TooLarge { .. } | Self::TooManyPixels { .. } => format!(
                "make it smaller, such as by `magick IN -resize 2000x2000 OUT.jpg`; a model is \
                 given up to {}",
                ByteSize(limits::IMAGE_BYTES)
            ),
            Self::UnsupportedKind { .. } => "save it as PNG or JPEG".to_owned(),
            Self::NoOcr { .. } => {
                "install tesseract, such as by `apt install tesseract-ocr`, or take a model that \
                 sees"
                    .to_owned()
            }
            Self::BadLanguages { .. } => {
                "name them as tesseract does, such as `eng` or `eng+deu`".to_owned()
            }
            Self::NoLanguageData { languages } => {
                format!("{}; `tesseract --list-langs` shows what is there", data_of(languages))
            }
            Self::NoText { .. } => "describe in words what it shows".to_owned(),
            Self::NoDocumentReader { .. } => {
                "give it the `mlx-code` program to read them with, or a text".to_owned()
            }
            Self::Encrypted { .. } => {
                "save it without its password, such as by `qpdf --decrypt`".to_owned()
            }
            Self::Scanned { missing: "pdftoppm", .. } => {
                "install it, such as by `apt install poppler-utils`".to_owned()
            }
            Self::Scanned { .. } => {
                "install it, such as by `apt install tesseract-ocr`, or take a model that sees"
                    .to_owned()
            }
            Self::NoSuchPage { .. } => "name pages that it has".to_owned(),
            Self::Start { .. } => "check that the program runs".to_owned(),
            Self::Slow { .. } | Self::Failed { .. } => {
                "open it in another program, and save the pages that matter again".to_owned()
            }
            Self::Cancelled => return None,
        })
    }
}

fn is_document(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".pdf")
}

/// How the data of languages is installed. Distributions name packages after
/// languages, and group scripts in ways of their own.
fn data_of(languages: &[String]) -> String {
    if languages.iter().any(|name| name.contains('/')) {
        return "install their data".to_owned();
    }
    let packages =
        languages.iter().map(|name| format!(" tesseract-ocr-{}", name.replace('_', "-")));
    format!("install it, such as by `apt-get install{}`", packages.collect::<String>())
}
