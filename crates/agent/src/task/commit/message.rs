//! A message from a reply, held against a style and put right by rule.

use serde::Serialize;

use super::style::{CommitStyle, Form, without_number};
use super::subject::{Subject, is_ticket};
use super::verbs::{Mood, capital, in_mood, mood_of, small};

/// A commit's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CommitMessage {
    /// Its first line.
    pub subject: String,
    /// The rest; empty where there is none.
    pub body: String,
    /// What was put right by rule, in words.
    pub repairs: Vec<String>,
}

impl CommitMessage {
    /// Subject and body as git takes them.
    pub fn text(&self) -> String {
        if self.body.is_empty() {
            self.subject.clone()
        } else {
            format!("{}\n\n{}", self.subject, self.body)
        }
    }

    /// Finds the message in a reply: without fences, quotes and labels.
    /// `None` where the reply has no words.
    pub fn read(reply: &str) -> Option<Self> {
        let text = fenced(reply).unwrap_or(reply);
        let mut lines = text.lines().map(str::trim_end).skip_while(|line| is_talk(line));
        let subject = bare(lines.next()?);
        if !subject.chars().any(char::is_alphanumeric) {
            return None;
        }
        let body: Vec<&str> = lines.collect();
        let end = body.iter().position(|line| line.starts_with("```")).unwrap_or(body.len());
        let body = body[..end].join("\n").trim().trim_matches('"').trim().to_owned();
        let label = ["Body:", "Description:", "body:", "description:"];
        let body = label.iter().find_map(|label| body.strip_prefix(label)).unwrap_or(&body).trim();
        Some(Self { subject, body: body.to_owned(), repairs: Vec::new() })
    }

    /// What no rule can put right: to be said to the model.
    pub fn faults(&self, style: &CommitStyle) -> Vec<String> {
        let subject = Subject::read(&self.subject);
        let mut faults = Vec::new();
        match &style.form {
            Form::Conventional { types, .. } => match subject.kind {
                None => faults.push(format!(
                    "the subject begins with none of the types: {}",
                    types.join(", ")
                )),
                Some(kind) if !types.iter().any(|known| known == kind) => {
                    faults.push(format!("`{kind}` is none of the types: {}", types.join(", ")));
                }
                Some(_) => {}
            },
            Form::Area { .. } if subject.area.is_none() && subject.kind.is_none() => {
                faults.push("the subject does not begin with an area and a colon".to_owned());
            }
            Form::Bracket { .. } if subject.bracket.is_none() => {
                faults
                    .push("the subject does not begin with an area in square brackets".to_owned());
            }
            _ => {}
        }
        if self.subject.chars().count() > style.longest + style.longest / 4 {
            faults.push(format!("the subject has more than {} characters", style.longest));
        }
        faults
    }

    /// Puts right what a rule can: label, letter, verb, full stop, length,
    /// ticket, width.
    pub fn repaired(mut self, style: &CommitStyle, hints: &Hints) -> Self {
        let subject = Subject::read(&self.subject);
        let mut words = subject.words.trim().to_owned();
        let mut repairs = Vec::new();
        let mut note = |what: &str| repairs.push(what.to_owned());

        if let Some(mood) = style.mood
            && let Some(new) = in_other_mood(&words, mood)
        {
            words = new;
            note("the verb's form");
        }
        let before = words.clone();
        match style.capital {
            Some(true) => words = capital(&words),
            Some(false) => words = small(&words),
            None => {}
        }
        if words != before {
            note("the first letter");
        }
        match style.full_stop {
            Some(false) if words.ends_with('.') && !words.ends_with("..") => {
                words.pop();
                note("the full stop");
            }
            Some(true) if !words.ends_with(['.', '!', '?']) => {
                words.push('.');
                note("the full stop");
            }
            _ => {}
        }
        let mut prefix = String::new();
        if let Some(emoji) = subject.emoji
            && style.emoji
        {
            prefix = format!("{emoji} ");
        }
        if style.ticket
            && let Some(ticket) = subject.ticket.or(hints.ticket.as_deref())
        {
            prefix.push_str(&format!("{ticket} "));
        }
        let label = label(&subject, style, hints);
        if subject.emoji.is_some() && !style.emoji {
            note("a picture");
        }
        if subject.kind.is_none()
            && subject.area.is_none()
            && subject.bracket.is_none()
            && !label.is_empty()
        {
            note("the prefix");
        }
        if label.is_empty() && (subject.kind.is_some() || subject.bracket.is_some()) {
            note("a prefix that is not used here");
        }
        prefix.push_str(&label);
        let most = style.longest.saturating_sub(prefix.chars().count()).max(20);
        if words.chars().count() > most {
            let short = shortened(&words, most);
            note("the length");
            // The whole sentence, so that nothing is lost.
            self.body = join_paragraphs(&sentence(&words), &self.body);
            words = short;
        }
        let new = format!("{prefix}{words}");
        if style.body_width > 0 {
            let wrapped = wrapped(&self.body, style.body_width);
            if wrapped != self.body {
                note("the width of lines");
                self.body = wrapped;
            }
        }
        self.subject = new;
        self.repairs = repairs;
        self
    }
}

/// What goes in front of the words.
fn label(subject: &Subject<'_>, style: &CommitStyle, hints: &Hints) -> String {
    match &style.form {
        Form::Conventional { types, scopes, scoped } => {
            let known = subject.kind.filter(|kind| types.iter().any(|one| one == kind));
            let kind = known.or(hints.kind.filter(|kind| types.iter().any(|one| one == kind)));
            let Some(kind) = kind.or(types.first().map(String::as_str)) else {
                return String::new();
            };
            let hinted = hints
                .area
                .as_deref()
                .filter(|area| *scoped && scopes.iter().any(|one| one == area));
            let scope = subject.scope.or(hinted).map(|scope| format!("({scope})"));
            let breaks = if subject.breaks { "!" } else { "" };
            format!("{kind}{}{breaks}: ", scope.unwrap_or_default())
        }
        Form::Area { .. } => {
            let area = subject
                .area
                .or(subject.scope)
                .or(subject.bracket)
                .or(hints.area.as_deref())
                .or(subject.kind);
            area.map(|area| format!("{area}: ")).unwrap_or_default()
        }
        Form::Bracket { .. } => {
            let area = subject.bracket.or(subject.area).or(subject.scope).or(hints.area.as_deref());
            area.map(|area| format!("[{area}] ")).unwrap_or_default()
        }
        // An area is part of the sentence there; a type is not.
        Form::Plain => subject.area.map(|area| format!("{area}: ")).unwrap_or_default(),
    }
}

/// What the change itself tells.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// The type of the convention that its files suggest.
    pub kind: Option<&'static str>,
    /// The area that all its files are in, by the names that the style knows.
    pub area: Option<String>,
    /// The ticket that the branch names.
    pub ticket: Option<String>,
}

impl Hints {
    /// Reads them from the changed paths and the branch.
    pub fn of(paths: &[&str], branch: Option<&str>, style: &CommitStyle) -> Self {
        let all =
            |test: &dyn Fn(&str) -> bool| !paths.is_empty() && paths.iter().all(|path| test(path));
        let kind = match () {
            () if all(&|path| path.starts_with("docs/") || has_ending(path, &["md", "rst"])) => {
                Some("docs")
            }
            () if all(&|path| path.contains("test") || path.contains("spec")) => Some("test"),
            () if all(&|path| path.starts_with(".github/") || path.starts_with(".gitlab")) => {
                Some("ci")
            }
            () if all(&|path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                [
                    "Cargo.toml",
                    "Cargo.lock",
                    "package.json",
                    "package-lock.json",
                    "pyproject.toml",
                    "go.mod",
                    "go.sum",
                ]
                .contains(&name)
            }) =>
            {
                Some("build")
            }
            () => None,
        };
        let known: &[String] = match &style.form {
            Form::Conventional { scopes, .. } => scopes,
            Form::Area { areas } | Form::Bracket { areas } => areas,
            Form::Plain => &[],
        };
        // The longest area whose name stands in all paths, as folders or as the
        // file's name.
        let stands_in = |area: &str, path: &str| {
            let stem = match path.rfind('.') {
                Some(dot) if !path[dot..].contains('/') => &path[..dot],
                _ => path,
            };
            format!("/{stem}/").to_lowercase().contains(&format!("/{}/", area.to_lowercase()))
        };
        let fitting = known.iter().filter(|area| all(&|path| stands_in(area, path)));
        let area = fitting.max_by_key(|area| area.len()).cloned();
        let ticket = branch.and_then(|branch| {
            branch.split(['/', '_', '.']).find_map(|part| {
                let mut pieces = part.split('-');
                let ticket = format!("{}-{}", pieces.next()?, pieces.next()?);
                is_ticket(&ticket).then_some(ticket)
            })
        });
        Self { kind, area, ticket }
    }
}

fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

/// The same words with their first verb in another form; `None` where it
/// stands so, or is none.
fn in_other_mood(words: &str, mood: Mood) -> Option<String> {
    let first = words.split(|c: char| !c.is_alphanumeric()).next()?;
    mood_of(first).filter(|found| *found != mood)?;
    let new = in_mood(first, mood)?;
    (new != first).then(|| format!("{new}{}", &words[first.len()..]))
}

/// Cuts at the end of a clause or a word.
fn shortened(words: &str, most: usize) -> String {
    let end = words.char_indices().nth(most).map_or(words.len(), |(at, _)| at);
    let head = &words[..end];
    let clause = head.rfind(['.', ';', ',', ':']).filter(|at| *at * 2 >= end);
    let by_word = || head.rfind(' ').unwrap_or(end);
    let mut cut = clause.unwrap_or_else(by_word);
    // A subject does not end with a word that waits for another.
    loop {
        let last = words[..cut].rsplit(' ').next().unwrap_or_default();
        let waits = [
            "and", "or", "to", "the", "a", "an", "of", "for", "in", "with", "from", "by", "on",
            "that", "when", "so", "as", "is", "not",
        ];
        match words[..cut].rfind(' ') {
            Some(at) if waits.contains(&last) => cut = at,
            _ => break,
        }
    }
    words[..cut].trim_end_matches([' ', ',', ';', ':', '.']).to_owned()
}

fn sentence(words: &str) -> String {
    let words = capital(words);
    if words.ends_with(['.', '!', '?']) { words } else { format!("{words}.") }
}

fn join_paragraphs(first: &str, second: &str) -> String {
    if second.is_empty() { first.to_owned() } else { format!("{first}\n\n{second}") }
}

/// Breaks lines that are longer; lists keep their indentation, and what is
/// indented as code stays.
fn wrapped(text: &str, width: usize) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.chars().count() <= width || line.starts_with("    ") || !line.contains(' ') {
            out.push(line.to_owned());
            continue;
        }
        let item = line.trim_start().starts_with(['-', '*', '+']);
        let indent = line.len() - line.trim_start().len() + if item { 2 } else { 0 };
        let mut current = String::new();
        for word in line.split(' ') {
            let over = current.chars().count() + 1 + word.chars().count() > width;
            if over && !current.trim().is_empty() {
                out.push(std::mem::replace(&mut current, " ".repeat(indent)));
                current.push_str(word);
            } else {
                if !current.is_empty() && !current.ends_with("  ")
                    || item && current.len() == indent
                {
                    current.push(' ');
                }
                current.push_str(word);
            }
        }
        out.push(current);
    }
    let lines: Vec<&str> = out.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// What stands in the first fence, where one is.
fn fenced(reply: &str) -> Option<&str> {
    let start = reply.find("```")?;
    let inner = &reply[start + 3..];
    let begin = inner.find('\n')? + 1;
    let inner = &inner[begin..];
    let inner = inner.find("```").map_or(inner, |end| &inner[..end]);
    (!inner.trim().is_empty()).then_some(inner)
}

/// What models say before they come to it.
fn is_talk(line: &str) -> bool {
    let line = line.trim().trim_matches(['*', '#', '`', '"']).trim();
    let lower = line.to_lowercase();
    line.is_empty()
        || lower.ends_with(':')
            && (lower.contains("commit message")
                || lower.starts_with("here")
                || lower.contains("subject"))
        || (lower.starts_with("sure")
            || lower.starts_with("okay")
            || lower.starts_with("certainly"))
            && lower.len() < 60
}

/// The line without marks and labels around it.
fn bare(line: &str) -> String {
    let mut line = line.trim();
    line = line.trim_start_matches('#').trim();
    for label in [
        "Commit message:",
        "Commit Message:",
        "commit message:",
        "Subject:",
        "subject:",
        "Title:",
        "Message:",
    ] {
        line = line
            .trim_start_matches('*')
            .strip_prefix(label)
            .map_or(line, |rest| rest.trim_start_matches('*').trim());
    }
    for mark in ["**", "`", "\"", "'"] {
        if let Some(inner) = line.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)) {
            line = inner.trim();
        }
    }
    let listed = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
    let line = listed.unwrap_or(line);
    // A `git commit -m "…"` that a model wrote out.
    let command = line.strip_prefix("git commit -m ").map(|rest| rest.trim_matches(['"', '\'']));
    let line = command.unwrap_or(line);
    without_number(line).to_owned()
}
