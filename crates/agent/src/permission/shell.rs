//! What commands a line for the shell holds.
//!
//! Read by the rules of POSIX, and only as far as they leave no doubt: whatever
//! a shell would expand, nest or read from elsewhere is [`Unsure`], and so is
//! what two shells read differently. Nothing is guessed: a line that is read
//! here runs exactly these commands with exactly these words.

use std::collections::BTreeSet;

/// The longest line that is read; what a person can judge is shorter.
const MOST_BYTES: usize = 16 << 10;

/// The most commands of a line.
const MOST_COMMANDS: usize = 256;

/// One command: what is set for it, its words, what its files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    /// `NAME=value` in front.
    pub assignments: Vec<(String, String)>,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Those of the words by which the shell looks for files.
    pub patterns: BTreeSet<String>,
    /// The files that it is sent to or fed from.
    pub redirects: Vec<Redirect>,
    /// Whether more words come that nobody can see, as for `xargs`.
    pub is_open: bool,
}

/// A file that a command is sent to or fed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Whether it is written.
    pub writes: bool,
    /// Its path.
    pub path: String,
}

/// Why it is not sure what a line runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsure(pub &'static str);

/// Words that begin something else than a command.
const RESERVED: [&str; 21] = [
    "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for",
    "in", "!", "[[", "]]", "function", "select", "time", "coproc", "repeat",
];

/// The commands of a line, in order.
pub fn parse(line: &str) -> Result<Vec<SimpleCommand>, Unsure> {
    if line.len() > MOST_BYTES {
        return Err(Unsure("it is very long"));
    }
    if line.contains(is_unseen) {
        return Err(Unsure("it holds characters that are not seen"));
    }
    let characters: Vec<char> = line.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, commands: Vec::new(), expects: true };
    reader.line()?;
    if reader.commands.is_empty() {
        return Err(Unsure("it is empty"));
    }
    Ok(reader.commands)
}

/// Characters that a terminal shows as something else, or not at all.
fn is_unseen(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    commands: Vec<SimpleCommand>,
    /// Whether a command has to come: at the beginning and after `&&`.
    expects: bool,
}

/// A word, and what of it matters beside its text.
#[derive(Default)]
struct Word {
    text: String,
    /// Whether any of it is quoted.
    is_quoted: bool,
    /// Whether the shell looks for files by it.
    is_pattern: bool,
    /// Bytes before the first `=` that is not quoted, where nothing before it is.
    name_length: Option<usize>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn takes(&mut self, character: char) -> bool {
        let is_next = self.peek() == Some(character);
        self.at += usize::from(is_next);
        is_next
    }

    fn blanks(&mut self) {
        loop {
            match (self.peek(), self.characters.get(self.at + 1)) {
                (Some(' ' | '\t'), _) => self.at += 1,
                (Some('\\'), Some('\n')) => self.at += 2,
                _ => return,
            }
        }
    }

    fn line(&mut self) -> Result<(), Unsure> {
        let mut command = SimpleCommand::default();
        loop {
            self.blanks();
            let Some(character) = self.peek() else { break };
            match character {
                '\n' => {
                    self.at += 1;
                    // After `&&` and `|` the line goes on.
                    if command != SimpleCommand::default() {
                        self.end(&mut command)?;
                    }
                }
                ';' => {
                    self.at += 1;
                    self.end(&mut command)?;
                    if self.peek() == Some(';') {
                        return Err(Unsure("it has `;;`"));
                    }
                }
                '&' => {
                    self.at += 1;
                    if self.peek() == Some('>') {
                        return Err(Unsure("shells differ in `&>`"));
                    }
                    self.end(&mut command)?;
                    self.expects = self.takes('&');
                }
                '|' => {
                    self.at += 1;
                    self.end(&mut command)?;
                    if self.peek() == Some('&') {
                        return Err(Unsure("shells differ in `|&`"));
                    }
                    self.takes('|');
                    self.expects = true;
                }
                '(' | ')' => return Err(Unsure("it has parentheses")),
                '#' => {
                    while self.peek().is_some_and(|next| next != '\n') {
                        self.at += 1;
                    }
                }
                '<' | '>' => self.redirect(&mut command)?,
                _ => self.argument(&mut command)?,
            }
        }
        if command != SimpleCommand::default() {
            self.end(&mut command)?;
        } else if self.expects && !self.commands.is_empty() {
            return Err(Unsure("it breaks off"));
        }
        Ok(())
    }

    fn end(&mut self, command: &mut SimpleCommand) -> Result<(), Unsure> {
        if *command == SimpleCommand::default() {
            return Err(Unsure("a command is missing"));
        }
        if self.commands.len() >= MOST_COMMANDS {
            return Err(Unsure("it has very many commands"));
        }
        self.commands.push(std::mem::take(command));
        self.expects = false;
        Ok(())
    }

    /// A word of a command, or the number in front of a redirection.
    fn argument(&mut self, command: &mut SimpleCommand) -> Result<(), Unsure> {
        let word = self.word()?;
        let is_number = !word.is_quoted && word.text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && !word.text.is_empty() && matches!(self.peek(), Some('<' | '>')) {
            return self.redirect(command);
        }
        if command.words.is_empty() {
            if let Some(length) = word.name_length {
                let (name, value) = word.text.split_at(length);
                if is_name(name) {
                    command.assignments.push((name.to_owned(), value[1..].to_owned()));
                    return Ok(());
                }
                // `NAME+=` and `NAME[0]=` are assignments to some shells.
                return Err(Unsure("its first word holds `=`"));
            }
            if word.is_pattern {
                return Err(Unsure("its program is a pattern"));
            }
            if RESERVED.contains(&word.text.as_str()) {
                return Err(Unsure("it has loops or conditions"));
            }
        }
        if word.is_pattern {
            command.patterns.insert(word.text.clone());
        }
        command.words.push(word.text);
        Ok(())
    }

    fn redirect(&mut self, command: &mut SimpleCommand) -> Result<(), Unsure> {
        let writes = self.peek() == Some('>');
        self.at += 1;
        match self.peek() {
            Some('&') => {
                self.at += 1;
                self.blanks();
                let word = self.word()?;
                let is_descriptor = word.text == "-"
                    || (!word.text.is_empty()
                        && word.text.bytes().all(|byte| byte.is_ascii_digit()));
                return if is_descriptor && !word.is_quoted {
                    Ok(())
                } else {
                    Err(Unsure("shells differ in `>&`"))
                };
            }
            Some('(') => return Err(Unsure("it reads a command as a file")),
            Some('<') if !writes => return Err(Unsure("it has a text in it (`<<`)")),
            Some('>' | '|') if writes => self.at += 1,
            Some('>') => {
                self.at += 1;
                return Err(Unsure("it opens a file for reading and writing"));
            }
            _ => {}
        }
        self.blanks();
        let word = self.word()?;
        if word.text.is_empty() || word.is_pattern || matches!(self.peek(), Some('(')) {
            return Err(Unsure("it is not clear which file is meant"));
        }
        command.redirects.push(Redirect { writes, path: word.text });
        Ok(())
    }

    fn word(&mut self) -> Result<Word, Unsure> {
        let mut word = Word::default();
        while let Some(character) = self.peek() {
            match character {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    word.is_quoted = true;
                    self.at += 1;
                    while !self.takes('\'') {
                        word.text.push(self.next()?);
                    }
                }
                '"' => {
                    word.is_quoted = true;
                    self.at += 1;
                    self.double_quoted(&mut word)?;
                }
                '\\' => {
                    self.at += 1;
                    let escaped = self.next()?;
                    if escaped != '\n' {
                        word.is_quoted = true;
                        word.text.push(escaped);
                    }
                }
                '$' | '`' => return Err(Unsure("the shell would fill something in")),
                '{' | '}' => return Err(Unsure("shells differ in braces")),
                '*' | '?' | '[' => {
                    // The name of a file can be that of an option.
                    if word.text.is_empty() || word.text.starts_with('-') {
                        return Err(Unsure("a pattern may turn into an option"));
                    }
                    word.is_pattern = true;
                    self.push(&mut word, character);
                }
                '=' => {
                    if !word.is_quoted && word.name_length.is_none() {
                        word.name_length = Some(word.text.len());
                    }
                    self.push(&mut word, character);
                }
                _ => self.push(&mut word, character),
            }
        }
        Ok(word)
    }

    fn push(&mut self, word: &mut Word, character: char) {
        word.text.push(character);
        self.at += 1;
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Unsure> {
        loop {
            match self.next()? {
                '"' => return Ok(()),
                '$' | '`' => return Err(Unsure("the shell would fill something in")),
                '\\' => match self.next()? {
                    '\n' => {}
                    escaped @ ('$' | '`' | '"' | '\\') => word.text.push(escaped),
                    other => word.text.extend(['\\', other]),
                },
                other => word.text.push(other),
            }
        }
    }

    fn next(&mut self) -> Result<char, Unsure> {
        let next = self.peek().ok_or(Unsure("a quote is not closed"))?;
        self.at += 1;
        Ok(next)
    }
}

/// Whether a shell takes it for the name of a variable.
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
#[path = "shell_tests.rs"]
mod tests;
