//! What a completion at a cursor is given: the file around it, its imports,
//! heads of what is used there, and like lines of other files.

mod comment;
mod similar;
mod used;
mod window;

use mlxcode_base::{CancelToken, Language, LineIndex, LineRange, RelPath};

use super::Budget;
use super::context::{LeftOut, LeftOutReason};
use super::ledger::Counter;
use super::piece::{Note, NoteKind, Passage, Piece, Reason};
use super::tree::{CodeSource, Tree};
use crate::error::{Error, Result};
use crate::syntax::{ParseLimits, ParsedFile};
use comment::{commented, mark};
use window::Window;

/// Of the budget, what the file itself may take where there is something
/// beside it: what stands around the cursor says most.
const FILE_SHARE: (usize, usize) = (2, 3);

/// Heads take no more than this part of what the file leaves.
const HEADS_SHARE: usize = 2;

/// Where a completion is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CursorRequest<'a> {
    /// The file.
    pub path: &'a RelPath,
    /// Its text in the editor, where that is not saved.
    pub text: Option<&'a str>,
    /// The byte of the text that the cursor stands before.
    pub at: usize,
    /// Other files that are open, the one used last first.
    pub open: &'a [RelPath],
    /// Stops the work.
    pub cancel: CancelToken,
}

impl<'a> CursorRequest<'a> {
    /// A request for a saved file.
    pub fn new(path: &'a RelPath, at: usize) -> Self {
        Self { path, text: None, at, open: &[], cancel: CancelToken::new() }
    }
}

/// What a completion is given.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PackedCursor {
    /// What stands before the cursor: comments about other files, then the
    /// file itself.
    pub before: String,
    /// What stands behind it.
    pub behind: String,
    /// What the comments are about, in their order.
    pub snippets: Vec<Piece>,
    /// The lines of the file up to the cursor.
    pub prefix: Piece,
    /// The lines of the file from the cursor on.
    pub suffix: Piece,
    /// What would have belonged here, and why it does not.
    pub left_out: Vec<LeftOut>,
    /// The tokens of `before` and `behind`, each by itself; at most the
    /// budget's.
    pub tokens: usize,
    /// The budget's tokens.
    pub budget: usize,
}

impl PackedCursor {
    /// All that is in it, in its order. The tokens add up to `tokens`.
    pub fn ledger(&self) -> impl Iterator<Item = &Piece> {
        self.snippets.iter().chain([&self.prefix, &self.suffix])
    }
}

impl CodeSource<'_> {
    /// Packs what a completion at a cursor is given. The file's own text takes
    /// what it needs, up to two thirds where it is long; what other files say
    /// stands before it in comments.
    ///
    /// # Errors
    /// [`Error::FileNotFound`] for a file that is none of the tree's, where no
    /// text is given.
    pub fn pack_cursor(
        &self,
        request: &CursorRequest<'_>,
        budget: &Budget<'_>,
    ) -> Result<PackedCursor> {
        let tree = Tree::new(*self, &request.cancel)?;
        let saved = tree.text(request.path);
        let text = match (request.text, &saved) {
            (Some(text), _) => text,
            (None, Some(text)) => text,
            (None, None) => return Err(Error::FileNotFound { path: request.path.clone() }),
        };
        let counter = Counter::new(budget);
        let most = budget.tokens.min(budget.search_tokens);
        let window =
            Window::around(text, request.at, most, most / FILE_SHARE.1 * FILE_SHARE.0, counter);
        let place = Place { tree: &tree, request, text, window };
        let (mut snippets, mut left_out) = place.snippets(most, counter)?;
        // Tokens may join at the borders, so the sum was only nearly right.
        let mut window = place.window;
        loop {
            let packed = place.packed(window, &snippets, counter, budget.tokens);
            if packed.tokens <= most {
                return Ok(PackedCursor { left_out, ..packed });
            }
            if let Some((piece, text)) = (!snippets.is_empty()).then(|| snippets.remove(0)) {
                left_out.push(no_room(&piece, counter.part(&text), 0));
            } else if !window.shrink(text) {
                return Ok(PackedCursor { left_out, ..packed });
            }
        }
    }
}

fn no_room(piece: &Piece, tokens: usize, room: usize) -> LeftOut {
    let what = piece.path().map_or_else(|| piece.header().to_owned(), ToString::to_string);
    LeftOut { what, lines: piece.lines(), reason: LeftOutReason::NoRoom { tokens, room } }
}

/// A cursor in a file.
struct Place<'a> {
    tree: &'a Tree<'a>,
    request: &'a CursorRequest<'a>,
    text: &'a str,
    window: Window,
}

/// Pieces with what is written of each.
type Snippets = Vec<(Piece, String)>;

impl Place<'_> {
    /// What is said of other files, the most telling last: it stands next to
    /// the cursor.
    fn snippets(&self, most: usize, counter: Counter<'_>) -> Result<(Snippets, Vec<LeftOut>)> {
        let (mut chosen, mut left_out): (Snippets, _) = (Vec::new(), Vec::new());
        let path = self.request.path;
        let language = Language::from_path(path.as_path());
        let Some((language, mark)) = language.and_then(|one| Some((one, mark(one)?))) else {
            return Ok((chosen, left_out));
        };
        let file = self.window.text(self.text);
        let mut room = most.saturating_sub(counter.part(file.0) + counter.part(file.1));
        let mut offer = |piece: Piece, room: &mut usize| {
            let text = commented(mark, piece.header(), piece.text());
            let tokens = counter.part(&text);
            if tokens > *room {
                left_out.push(no_room(&piece, tokens, *room));
            } else {
                *room -= tokens;
                chosen.push((piece, text));
            }
        };
        let parsed = ParsedFile::parse(self.text, language, &ParseLimits::default());
        if let Some(parsed) = &parsed {
            if let Some(imports) = self.imports(parsed) {
                offer(imports, &mut room);
            }
            let mut heads = room / HEADS_SHARE;
            room -= heads;
            for piece in used::heads(self.tree, path, self.text, parsed, self.window)? {
                offer(piece, &mut heads);
            }
            room += heads;
        }
        self.tree.check_cancelled()?;
        let near = (self.text, self.window.at);
        for piece in similar::windows(self.tree, path, near, self.request.open)? {
            offer(piece, &mut room);
        }
        chosen.reverse();
        Ok((chosen, left_out))
    }

    /// The imports of the file, where they are not in its text around the
    /// cursor.
    fn imports(&self, parsed: &ParsedFile) -> Option<Piece> {
        let start = self.window.start;
        let mut imports = parsed.imports();
        imports.retain(|import| import.range.start < start);
        let mut lines: Vec<&str> = Vec::new();
        for import in imports {
            let statement = self.text.get(import.range.start..import.range.end)?;
            lines
                .extend(statement.lines().filter(|line| !lines.contains(line)).collect::<Vec<_>>());
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        (!text.is_empty()).then(|| note(self.request.path, "imports", text, Reason::Cursor))
    }

    fn packed(
        &self,
        window: Window,
        snippets: &[(Piece, String)],
        counter: Counter<'_>,
        budget: usize,
    ) -> PackedCursor {
        let (prefix, behind) = window.text(self.text);
        let mut texts: Vec<String> = snippets.iter().map(|(_, text)| text.clone()).collect();
        texts.push(prefix.to_owned());
        let (mut parts, first) = counter.shares(&texts);
        let second = counter.whole(behind);
        let index = LineIndex::new(self.text);
        let own = |text: &str, start: usize, end: usize, tokens: usize| {
            let last = end.saturating_sub(1).max(start);
            let lines = LineRange::new(index.line_of(start), index.line_of(last));
            Piece::Passage(Passage {
                path: self.request.path.clone(),
                lines,
                text: text.to_owned(),
                header: format!("{}:{lines}", self.request.path),
                reason: Reason::Cursor,
                tokens,
                is_kept: false,
            })
        };
        let prefix = own(prefix, window.start, window.at, parts.pop().unwrap_or_default());
        let suffix = own(behind, window.at, window.end, second);
        let mut pieces: Vec<Piece> = snippets.iter().map(|(piece, _)| piece.clone()).collect();
        for (piece, tokens) in pieces.iter_mut().zip(parts) {
            piece.set_tokens(tokens);
        }
        PackedCursor {
            before: texts.concat(),
            behind: behind.to_owned(),
            snippets: pieces,
            prefix,
            suffix,
            left_out: Vec::new(),
            tokens: first + second,
            budget,
        }
    }
}

/// A note that a comment is made of.
fn note(path: &RelPath, what: &str, text: String, reason: Reason) -> Piece {
    Piece::Note(Note {
        kind: NoteKind::Heads,
        path: Some(path.clone()),
        text,
        header: format!("{path} ({what})"),
        reason,
        tokens: 0,
        is_kept: false,
        hash: None,
    })
}
