//! Exit codes: what a script can tell apart without reading a word.

use mlxcode_core::{Error, ErrorKind, Refusal};

/// All went well.
pub const SUCCESS: u8 = 0;
/// A check found something broken.
pub const UNHEALTHY: u8 = 1;
/// The arguments are wrong.
pub const USAGE: u8 = 2;
/// What a reply asks for fits nowhere.
pub const CONFLICT: u8 = 5;
/// A policy or a person said no.
pub const NOT_PERMITTED: u8 = 8;
/// A limit was reached.
pub const USED_UP: u8 = 9;
/// Interrupted by the user, as a shell counts it: 128 + SIGINT.
pub const CANCELLED: u8 = 130;
/// Nobody reads the output any more, as a shell counts it: 128 + SIGPIPE.
pub const OUTPUT_CLOSED: u8 = 141;

/// The exit code of a reply of which parts were refused: the reason's own,
/// where all have the same one.
pub fn of_refusals(refusals: &[Refusal]) -> u8 {
    let mut codes = refusals.iter().map(|refusal| of_input(refusal.reason.code()));
    let first = codes.next().flatten();
    first.filter(|_| codes.all(|code| code == first)).unwrap_or(CONFLICT)
}

/// The codes of whole classes, as docs/cli.md shows them.
pub const CLASSES: [(u8, &str); 15] = [
    (SUCCESS, "all went well; with `apply` and `edit`: applied, or the answer was no"),
    (
        UNHEALTHY,
        "`doctor`, `models verify`, `audit verify` or `review --fail-on` found something; `fix`, `batch` or `workflow` did not reach its end",
    ),
    (USAGE, "the arguments or the input are wrong"),
    (3, "something named does not exist"),
    (4, "what would be made exists, or is undone already"),
    (CONFLICT, "a conflict: an edit fits nowhere, later edits stand on an undo"),
    (6, "a file of the program itself is damaged, such as the journal"),
    (7, "not supported"),
    (8, "not permitted: a read-only file or folder"),
    (9, "the disk is full, or another resource is used up"),
    (10, "something outside is missing or does not answer"),
    (11, "it took too long"),
    (70, "a bug; please report it"),
    (CANCELLED, "interrupted"),
    (OUTPUT_CLOSED, "nobody reads the output any more; `--yes` was carried out all the same"),
];

/// The bad inputs that have a code of their own, with the errors' names.
pub const INPUTS: [(u8, &str, &[&str]); 14] = [
    (
        20,
        "no such model is installed or in the catalogue, or none at all",
        &["models.not_installed", "models.none_installed", "models.not_in_catalogue"],
    ),
    (
        21,
        "a model's file is damaged: cut off, changed or missing",
        &[
            "models.damaged",
            "models.checksum_mismatch",
            "models.missing_file",
            "models.bad_manifest",
            "models.not_finite",
            "models.no_origin",
            "inference.weight",
            "inference.weights",
            "inference.not_finite",
            "inference.convert_unsound",
        ],
    ),
    (
        22,
        "a model's weight is missing or has the wrong shape",
        &["models.wrong_shape", "models.missing_tensor"],
    ),
    (23, "the tokenizer does not fit the model", &["models.tokenizer_mismatch"]),
    (24, "the architecture or the kind of weights is not supported", &["models.unsupported"]),
    (25, "a path lies outside of the root", &["path.not_relative"]),
    (26, "a symbolic link leads out of the root", &["path.escapes_root"]),
    (27, "a file changed after it was read", &["edit.changed_since"]),
    (
        28,
        "a text, a prompt or a model is too large",
        &[
            "agent.question_too_long",
            "context.file_too_long",
            "inference.memory",
            "input.too_long",
            "models.prompt_too_long",
        ],
    ),
    (30, "the reply holds no edit", &["edit.no_edits"]),
    (31, "the reply was cut in the middle", &["edit.reply_cut", "edit.block_cut"]),
    (32, "a text is not UTF-8", &["input.not_utf8", "edit.not_text"]),
    (33, "there is no text file to answer from", &["input.empty_tree"]),
    (
        34,
        "a file is protected, or the configuration does not let it be changed",
        &["edit.protected", "edit.denied", "edit.not_allowed"],
    ),
];

/// The exit code of an error.
pub fn of_error(error: &Error) -> u8 {
    of_input(error.code()).unwrap_or_else(|| of_kind(error.kind()))
}

/// The code of a bad input by its error's name.
pub fn of_input(name: &str) -> Option<u8> {
    INPUTS.iter().find(|(_, _, names)| names.contains(&name)).map(|(code, ..)| *code)
}

/// The code of a whole class.
pub fn of_kind(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidInput => USAGE,
        ErrorKind::NotFound => 3,
        ErrorKind::AlreadyExists => 4,
        ErrorKind::Conflict => CONFLICT,
        ErrorKind::Corrupt => 6,
        ErrorKind::Unsupported => 7,
        ErrorKind::PermissionDenied => 8,
        ErrorKind::ResourceExhausted => 9,
        ErrorKind::Unavailable => 10,
        ErrorKind::Timeout => 11,
        ErrorKind::Cancelled => CANCELLED,
        _ => 70,
    }
}
