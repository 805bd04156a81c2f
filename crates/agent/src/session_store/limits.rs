//! What a store takes, and how much of it is read at once.

use std::time::Duration;

/// The most bytes of a record's data as JSON. A tool's answer is cut to less
/// long before; a picture of some megabytes fits.
pub const MOST_RECORD_BYTES: usize = 16 << 20;

/// The most characters of a name: it stands in a column of a list.
pub const MOST_NAME_CHARS: usize = 80;

/// The most characters of a title that is made of the first message.
pub const MOST_TITLE_CHARS: usize = 80;

/// Letters of a kind: `[a-z0-9_.]`, so that it can be a word in any output.
pub const MOST_KIND_CHARS: usize = 40;

/// How many of the newest turns are read when a session is opened: what fits on
/// some screens, and into a model's context.
pub const OPENED_TURNS: u32 = 20;

/// The most records that one page holds. A turn has some tens of them, one that
/// calls tools some hundreds.
pub const PAGE_RECORDS: usize = 2_000;

/// The most bytes of data that one page holds, but for its first record.
pub const PAGE_BYTES: usize = 32 << 20;

/// How many sessions are listed, or hits found, where nobody says.
pub const LISTED: usize = 100;

/// The most words of a query that are looked for.
pub const QUERY_WORDS: usize = 32;

/// The most bytes of a text that are made findable; the rest of a longer one,
/// such as a tool's answer, is not looked through.
pub const FINDABLE_BYTES: usize = 64 << 10;

/// How long one waits for another process that writes. A change takes
/// milliseconds; the fork or the import of a long session a second or two.
pub const BUSY: Duration = Duration::from_secs(10);

/// The most bytes of a file that is imported.
pub const MOST_IMPORT_BYTES: usize = 256 << 20;

/// The most records of a session that is imported.
pub const MOST_IMPORT_RECORDS: usize = 1_000_000;

/// How many names that are written alike a suggestion tells.
pub const NEAR_NAMES: usize = 3;

/// How many damaged files of one store are kept aside.
pub const KEPT_ASIDE: u32 = 99;
