//! The parts of a message's first line.

/// A subject, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'t> {
    /// A picture in front, `:sparkles:` too.
    pub emoji: Option<&'t str>,
    /// A ticket in front: `ABC-123`.
    pub ticket: Option<&'t str>,
    /// A type of the convention: `feat`.
    pub kind: Option<&'t str>,
    /// What stands in parentheses behind the type.
    pub scope: Option<&'t str>,
    /// Whether a `!` says that something breaks.
    pub breaks: bool,
    /// An area in front of a colon that is no type.
    pub area: Option<&'t str>,
    /// What stands in square brackets in front.
    pub bracket: Option<&'t str>,
    /// The rest, without the `(#123)` of a merge.
    pub words: &'t str,
}

impl<'t> Subject<'t> {
    /// Takes a subject apart.
    pub fn read(line: &'t str) -> Self {
        let mut rest = super::style::without_number(line.trim());
        let mut subject = Self {
            emoji: None,
            ticket: None,
            kind: None,
            scope: None,
            breaks: false,
            area: None,
            bracket: None,
            words: "",
        };
        if let Some(length) = emoji_length(rest) {
            subject.emoji = Some(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        if let Some((inner, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let after = after.trim_start_matches(':').trim_start();
            if is_ticket(inner) {
                (subject.ticket, rest) = (Some(inner), after);
            } else if !inner.is_empty() && inner.len() <= 40 && !after.is_empty() {
                (subject.bracket, rest) = (Some(inner), after);
            }
        }
        let first = rest.split([' ', ':']).next().unwrap_or_default();
        if is_ticket(first) {
            subject.ticket = Some(first);
            rest = rest[first.len()..].trim_start_matches([':', ' ', '-']);
        }
        if let Some((label, after)) = rest.split_once(": ") {
            subject.label(label);
            if subject.kind.is_some() || subject.area.is_some() {
                rest = after.trim_start();
            }
        }
        // Some put the picture behind the type.
        if subject.emoji.is_none()
            && let Some(length) = emoji_length(rest)
        {
            subject.emoji = Some(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        subject.words = rest;
        subject
    }

    fn label(&mut self, label: &'t str) {
        let bare = label.strip_suffix('!').unwrap_or(label);
        let (name, scope) = match bare.split_once('(') {
            Some((name, rest)) => match rest.strip_suffix(')') {
                Some(scope) => (name, Some(scope)),
                None => return,
            },
            None => (bare, None),
        };
        // Types are written small; `Fix:` is how a sentence begins.
        if super::style::CONVENTIONAL_TYPES.contains(&name) || (scope.is_some() && is_word(name)) {
            (self.kind, self.scope, self.breaks) = (Some(name), scope, bare.len() < label.len());
        } else if is_area(bare) {
            self.area = Some(bare);
        }
    }
}

/// `parser`, `net/http`, `crates/edit`, `a, b`, `README.md`, `Formats`: no
/// more than three words before the colon.
fn is_area(text: &str) -> bool {
    let signs = |c: char| c.is_alphanumeric() || "-_./*, ".contains(c);
    !text.is_empty()
        && text.len() <= 40
        && text.chars().all(signs)
        && text.split_whitespace().count() <= 3
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// `ABC-123`: two capitals at least.
pub fn is_ticket(text: &str) -> bool {
    let Some((project, number)) = text.split_once('-') else { return false };
    let project_fits = (2..=10).contains(&project.len())
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    // `UTF-8` and `SHA-256` are no tickets.
    let known = ["UTF", "SHA", "ISO", "RFC", "CVE", "HTTP", "TLS", "MD", "BASE", "PEP"];
    project_fits
        && !known.contains(&project)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bytes of a picture at the head of a text: a sign of Unicode's blocks of
/// pictures with what joins it, or a `:name:`.
pub fn emoji_length(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix(':')
        && let Some(end) = rest.find(':')
    {
        let name = &rest[..end];
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        return (plain && !name.is_empty()).then_some(end + 2);
    }
    let is_picture = |c: char| matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B00..=0x2BFF | 0x2300..=0x23FF);
    let joins = |c: char| matches!(u32::from(c), 0xFE0F | 0x200D | 0x1F3FB..=0x1F3FF);
    text.chars().next().filter(|first| is_picture(*first))?;
    let picture = text.chars().take_while(|c| is_picture(*c) || joins(*c));
    Some(picture.map(char::len_utf8).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_taken_apart() {
        let check = |line: &str, expect: [&str; 6]| {
            let subject = Subject::read(line);
            let told = [
                subject.emoji,
                subject.ticket,
                subject.kind,
                subject.scope,
                subject.area.or(subject.bracket),
            ]
            .map(Option::unwrap_or_default);
            let [emoji, ticket, kind, scope, area, words] = expect;
            assert_eq!(
                (told, subject.words),
                ([emoji, ticket, kind, scope, area], words),
                "{line}"
            );
        };
        check("feat(parser)!: add x", ["", "", "feat", "parser", "", "add x"]);
        check("fix: y (#12)", ["", "", "fix", "", "", "y"]);
        check("✨ feat: y", ["✨", "", "feat", "", "", "y"]);
        check("feat: :sparkles: y", [":sparkles:", "", "feat", "", "", "y"]);
        check("🏳️‍🌈 colours", ["🏳️‍🌈", "", "", "", "", "colours"]);
        check("ABC-123: y", ["", "ABC-123", "", "", "", "y"]);
        check("[ABC-123] y", ["", "ABC-123", "", "", "", "y"]);
        check("[parser] y", ["", "", "", "", "parser", "y"]);
        check("net/http: y", ["", "", "", "", "net/http", "y"]);
        check("Goldens: the bounds", ["", "", "", "", "Goldens", "the bounds"]);
        check("UTF-8 is read", ["", "", "", "", "", "UTF-8 is read"]);
        check("Say why it is so: because", ["", "", "", "", "", "Say why it is so: because"]);
        check("", ["", "", "", "", "", ""]);
    }
}
