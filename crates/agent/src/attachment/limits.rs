//! How much is read of an attachment.

use std::time::Duration;

/// The largest picture for a model, in bytes: the providers of models refuse
/// one whose base64 takes more than 5 MiB, and this is three quarters of that.
pub const IMAGE_BYTES: u64 = 3_932_160;

/// The most bytes of all pictures of a message: what is sent at once is refused
/// where it takes more than 32 MiB, and base64 makes a third more of them.
pub const IMAGES_BYTES: u64 = 16 << 20;

/// The longest side of a picture for a model, in pixels: providers refuse more.
pub const IMAGE_SIDE: u32 = 8_000;

/// The largest picture whose text is read, in bytes: a page scanned in colour
/// and without loss takes 25 MiB.
pub const SCAN_BYTES: u64 = 32 << 20;

/// The most pixels of a picture whose text is read: a page of A3 at 400 dots an
/// inch has thirty-one million.
pub const SCAN_PIXELS: u64 = 40_000_000;

/// The largest document, in bytes. Books with pictures are smaller.
pub const DOCUMENT_BYTES: u64 = 64 << 20;

/// The most pages whose text is read at a time. A person names those that
/// matter, as in `report.pdf:301-400`.
pub const PAGES: usize = 300;

/// The most pages without text that are read as pictures: each takes some
/// seconds.
pub const SCANNED_PAGES: usize = 20;

/// How long the text of a document may take; a thousand pages take some
/// seconds.
pub const DOCUMENT_TIME: Duration = Duration::from_secs(30);

/// How long the text of one picture may take.
pub const SCAN_TIME: Duration = Duration::from_mins(1);

/// How long all the pages of a document may take that are read as pictures.
pub const SCANS_TIME: Duration = Duration::from_mins(3);

/// The most that a reader of a document writes: the text of the pages, and what
/// it is written in.
pub const DOCUMENT_OUTPUT: usize = 8 << 20;

/// The most memory of a program that reads an attachment, in bytes: the bytes
/// of the largest document several times, and pictures of its pages.
pub const READER_MEMORY: u64 = 1 << 30;

/// The longest side of the picture of a page, in pixels: letters of ten points
/// are read well at 200 dots an inch, at which a page of A4 has 2,339.
pub const PAGE_SIDE: u32 = 2_340;

/// The most bytes of the picture of a page of that size: grey and hardly
/// compressed.
pub const PAGE_BYTES: usize = 8 << 20;
