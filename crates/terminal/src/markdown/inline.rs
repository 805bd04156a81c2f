//! Emphasis, code, links: what stands within a line.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::flow::{Piece, Word};
use super::link::{address, is_web_address};
use crate::visible::visible;
use crate::width::display_width;
use crate::{ColorDepth, Role, Screen, Style};

/// Stands for `<` where it begins no address: HTML is shown, not obeyed, and a
/// `Vec<T>` must not wait for an end that never comes.
const LESS: char = '\u{fdd0}';
/// Stands for a lone `~`, which means "about", not struck text.
const ABOUT: char = '\u{fdd1}';
/// A line does not begin with one of these.
const CLOSING: &str = "、。，．・：；？！）］｝」』】〉》〕ー々…％";
/// A line does not end with one of these.
const OPENING: &str = "（［｛「『【〈《〔";
/// What the parser sees first, so that a line is never taken for a list or a
/// heading.
const BEFORE: &str = "x ";

/// Prepares text for [`words`] and [`settled`]. It must end where a word does.
pub(super) fn prepare(text: &str, into: &mut String) {
    let bytes = text.as_bytes();
    for (at, character) in text.char_indices() {
        match character {
            '<' if !begins_address(&text[at + 1..]) => into.push(LESS),
            '~' if (at == 0 || bytes[at - 1] != b'~') && bytes.get(at + 1) != Some(&b'~') => {
                into.push(ABOUT);
            }
            LESS | ABOUT => into.push(char::REPLACEMENT_CHARACTER),
            _ => into.push(character),
        }
    }
}

/// Whether `https://…>` follows, without a space.
fn begins_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    (2..=32).contains(&scheme.len())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
        && rest.find('>').is_some_and(|end| {
            !rest[..end].contains(|character: char| character.is_whitespace() || character == '<')
        })
}

fn restored(text: &str) -> String {
    text.replace(LESS, "<").replace(ABOUT, "~")
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH)
}

/// How much of a prepared text means the same whatever follows: it ends after
/// a space that no open mark stands before. The text ends after a space, or
/// where a line may be broken.
pub(super) fn settled(text: &str) -> usize {
    if !text.contains(['*', '_', '~', '`', '[']) {
        return text.len();
    }
    let whole = format!("{BEFORE}{text}");
    let mut depth = 0_usize;
    // After the last space outside of all marks.
    let mut safe = 0;
    let shift = BEFORE.len();
    for (event, range) in parser(&whole).into_offset_iter() {
        if range.end <= shift {
            continue;
        }
        let range = range.start.max(shift) - shift..range.end - shift;
        match event {
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(_) => {
                if let Some(at) = open_mark(text, range.clone(), depth) {
                    let space = if depth == 0 { text[range.start..at].rfind(' ') } else { None };
                    return space.map_or(safe, |space| range.start + space + 1);
                }
                if depth == 0
                    && let Some(space) = text[range.clone()].rfind(' ')
                {
                    safe = range.start + space + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The first mark in a piece of plain text that something later could close.
fn open_mark(text: &str, range: std::ops::Range<usize>, depth: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = range.start;
    while at < range.end {
        let byte = bytes[at];
        if !matches!(byte, b'*' | b'_' | b'~' | b'`' | b'[') || is_escaped(bytes, at) {
            at += 1;
            continue;
        }
        let run = bytes[at..].iter().take_while(|next| **next == byte).count();
        let next = text[at + run..].chars().next();
        let before = text[..at].chars().next_back();
        let opens = match byte {
            b'`' => true,
            b'[' => bracket_is_open(bytes, at),
            // Inside of marks that are closed, nothing is open.
            _ if depth > 0 => false,
            _ if next.is_none_or(char::is_whitespace) => false,
            b'_' => !before.is_some_and(char::is_alphanumeric),
            _ => true,
        };
        if opens {
            return Some(at);
        }
        at += run;
    }
    None
}

fn is_escaped(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Whether `[` may still become a link: its `]` is missing, or the `)` after.
fn bracket_is_open(bytes: &[u8], at: usize) -> bool {
    let Some(end) = closing(bytes, at, b'[', b']') else { return true };
    bytes.get(end + 1) == Some(&b'(') && closing(bytes, end + 1, b'(', b')').is_none()
}

fn closing(bytes: &[u8], from: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for at in from..bytes.len() {
        if is_escaped(bytes, at) {
            continue;
        }
        if bytes[at] == open {
            depth += 1;
        } else if bytes[at] == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The words of a prepared text, in their styles over `base`. The first word
/// is spaced as `spaced` says.
pub(super) fn words(text: &str, base: Style, spaced: bool, screen: &Screen) -> Vec<Word> {
    let mut line = Line { words: Vec::new(), spaced, screen, after_wide: false };
    // Most of a text has no marks, and needs no parser.
    if !text.contains(['*', '_', '~', '`', '[', '\\', '&', '<']) {
        line.text(text, base, None);
        return line.words;
    }
    let whole = format!("{BEFORE}{text}");
    let mut styles = vec![base];
    let mut links: Vec<Link> = Vec::new();
    let shift = BEFORE.len();
    // A space at the beginning is one of the text's own.
    line.spaced |= text.starts_with(' ');
    for (event, range) in parser(&whole).into_offset_iter() {
        if range.end <= shift {
            continue;
        }
        let style = styles.last().copied().unwrap_or(base);
        match event {
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            Event::Start(tag) => {
                let role = role_of(&tag);
                line.mark(mark_of(&tag, screen), style);
                if let Tag::Link { link_type, dest_url, .. }
                | Tag::Image { link_type, dest_url, .. } = &tag
                {
                    let is_image = matches!(tag, Tag::Image { .. });
                    let auto = matches!(link_type, LinkType::Autolink | LinkType::Email);
                    let target = restored(dest_url);
                    links.push(Link { address: address(&target), target, shown: !auto });
                    if is_image {
                        line.text("image: ", screen.theme.style(Role::Mark).over(style), None);
                    }
                }
                styles.push(role.map_or(style, |role| screen.theme.style(role).over(style)));
            }
            Event::End(tag) => {
                styles.pop();
                let style = styles.last().copied().unwrap_or(base);
                line.mark(mark_of_end(tag, screen), style);
                if matches!(tag, TagEnd::Link | TagEnd::Image)
                    && let Some(link) = links.pop()
                {
                    line.target(&link, style);
                }
            }
            Event::Text(piece) => {
                let skipped = shift.saturating_sub(range.start);
                let piece = piece.get(skipped..).unwrap_or_default();
                line.text(piece, style, links.last().and_then(|link| link.address.as_deref()));
            }
            Event::Code(code) => {
                let style = screen.theme.style(Role::InlineCode).over(style);
                let link = links.last().and_then(|link| link.address.as_deref());
                if screen.depth() == ColorDepth::None {
                    line.text(&format!("`{code}`"), style, link);
                } else {
                    line.text(&code, style, link);
                }
            }
            Event::SoftBreak | Event::HardBreak => line.spaced = true,
            // Not asked for, so not given; lost it must not be.
            _ => line.text(whole.get(range).unwrap_or_default(), style, None),
        }
    }
    line.words
}

struct Link {
    target: String,
    address: Option<String>,
    /// Whether the text is another than the address.
    shown: bool,
}

struct Line<'a> {
    words: Vec<Word>,
    spaced: bool,
    after_wide: bool,
    screen: &'a Screen,
}

impl Line<'_> {
    fn text(&mut self, text: &str, style: Style, link: Option<&str>) {
        let text = restored(text);
        let text = visible(&text);
        for (index, part) in text.split([' ', '\n', '\t']).enumerate() {
            if index > 0 {
                self.spaced = true;
            }
            if !part.is_empty() {
                self.part(part, style, link);
            }
        }
    }

    /// A part without spaces. A line may be broken beside a wide character.
    fn part(&mut self, part: &str, style: Style, link: Option<&str>) {
        if part.is_ascii() {
            self.piece(part, style, link, self.after_wide);
            self.after_wide = false;
            return;
        }
        let mut from = 0;
        let mut before = None;
        for (at, character) in part.char_indices() {
            if at > from && before.is_some_and(|before| may_break(before, character)) {
                self.piece(&part[from..at], style, link, self.after_wide);
                self.after_wide = true;
                from = at;
            }
            before = Some(character);
        }
        self.piece(&part[from..], style, link, self.after_wide);
        self.after_wide = false;
    }

    fn piece(&mut self, text: &str, style: Style, link: Option<&str>, apart: bool) {
        let mut piece =
            Piece { text: text.to_owned(), style, address: link.map(ToOwned::to_owned) };
        let begins = self.spaced || apart || self.words.is_empty();
        let mut is_address = false;
        if begins && link.is_none() && is_web_address(text) {
            is_address = true;
            let shown =
                text.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"']);
            piece.address = address(shown);
            piece.style = self.screen.theme.style(Role::Link).over(style);
        }
        match self.words.last_mut() {
            Some(word) if !begins => word.pieces.push(piece),
            _ => self.words.push(Word { spaced: self.spaced, pieces: vec![piece], is_address }),
        }
        self.spaced = false;
    }

    /// A mark of the source, where no style can stand for it.
    fn mark(&mut self, mark: &str, style: Style) {
        if !mark.is_empty() {
            self.piece(mark, style, None, false);
        }
    }

    /// The address after a link's text, where it cannot hide behind it.
    fn target(&mut self, link: &Link, style: Style) {
        if !link.shown || link.target.is_empty() {
            return;
        }
        if self.screen.capabilities.hyperlinks && link.address.is_some() {
            return;
        }
        let style = self.screen.theme.style(Role::Address).over(style);
        let target = visible(&link.target).replace(char::is_whitespace, "%20");
        self.words.push(Word {
            spaced: true,
            pieces: vec![Piece { text: format!("({target})"), style, address: None }],
            is_address: true,
        });
        self.spaced = false;
    }
}

fn role_of(tag: &Tag<'_>) -> Option<Role> {
    match tag {
        Tag::Emphasis => Some(Role::Emphasis),
        Tag::Strong => Some(Role::Strong),
        Tag::Strikethrough => Some(Role::Strikethrough),
        Tag::Link { .. } | Tag::Image { .. } => Some(Role::Link),
        _ => None,
    }
}

fn mark_of(tag: &Tag<'_>, screen: &Screen) -> &'static str {
    match tag {
        Tag::Emphasis => kept(screen, "*"),
        Tag::Strong => kept(screen, "**"),
        Tag::Strikethrough if screen.depth() == ColorDepth::None => "~~",
        _ => "",
    }
}

fn mark_of_end(tag: TagEnd, screen: &Screen) -> &'static str {
    match tag {
        TagEnd::Emphasis => kept(screen, "*"),
        TagEnd::Strong => kept(screen, "**"),
        TagEnd::Strikethrough if screen.depth() == ColorDepth::None => "~~",
        _ => "",
    }
}

/// Where nothing can be set in bold, the marks of the source stay, but not for
/// those who hear them read.
fn kept(screen: &Screen, mark: &'static str) -> &'static str {
    if screen.depth() == ColorDepth::None && !screen.capabilities.plain { mark } else { "" }
}

/// Whether a line may end between two characters that no space parts: beside
/// a wide one, but not before a mark that closes and not after one that opens.
pub(super) fn may_break(before: char, after: char) -> bool {
    let wide = |character: char| !character.is_ascii() && is_wide(character);
    (wide(before) || wide(after))
        && !CLOSING.contains(after)
        && !OPENING.contains(before)
        && (wide(after) || after.is_alphanumeric())
        && (wide(before) || before.is_alphanumeric())
        && !is_emoji_part(after)
        && !is_emoji_part(before)
}

/// Of one of the scripts that are written without spaces.
fn is_wide(character: char) -> bool {
    let mut buffer = [0; 4];
    matches!(character, '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
        && display_width(character.encode_utf8(&mut buffer)) == 2
}

fn is_emoji_part(character: char) -> bool {
    matches!(character, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}
