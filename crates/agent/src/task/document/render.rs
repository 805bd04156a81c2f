//! Words laid out as a language, and a file, does it.

use mlxcode_base::Language;
use mlxcode_context::Symbol;

use super::place::DocPlace;
use super::words::DocWords;

/// The longest line of a comment.
const WIDTH: usize = 88;

/// How a file documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocStyle {
    /// `///` with Markdown.
    Rust,
    /// `///` with `- Parameter`.
    Swift,
    /// `///` with XML.
    CSharp,
    /// `//`, beginning with the name.
    Go,
    /// `/** … @param */`, with a dash or not.
    Block {
        /// What stands between a parameter's name and its words.
        dash: bool,
    },
    /// `# @param name`.
    Yard,
    /// `#`.
    Hash,
    /// A text in quotes with `Args:`.
    Google,
    /// A text in quotes with underlined headings.
    NumPy,
    /// A text in quotes with `:param x:`.
    Rest,
}

impl DocStyle {
    /// The style of a language; of Python, that of the file.
    pub fn of(language: Language, text: &str) -> Option<Self> {
        Some(match language {
            Language::Rust => Self::Rust,
            Language::Swift => Self::Swift,
            Language::CSharp => Self::CSharp,
            Language::Go => Self::Go,
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                Self::Block { dash: true }
            }
            Language::Java | Language::Kotlin | Language::Php | Language::C | Language::Cpp => {
                Self::Block { dash: false }
            }
            Language::Ruby => Self::Yard,
            Language::Bash => Self::Hash,
            Language::Python => {
                let counts = [
                    (Self::Rest, text.matches(":param ").count()),
                    (Self::NumPy, text.matches("Parameters\n").count()),
                    (Self::Google, text.matches("Args:\n").count()),
                ];
                let most = counts.into_iter().max_by_key(|(_, count)| *count);
                most.map_or(Self::Google, |(style, _)| style)
            }
            _ => return None,
        })
    }

    /// Whether the comment is a text in the body.
    pub fn is_docstring(self) -> bool {
        matches!(self, Self::Google | Self::NumPy | Self::Rest)
    }

    /// What a model should know of it.
    pub fn conventions(self) -> &'static str {
        match self {
            Self::Rust => "Rust: the summary is one sentence in the third person (“Opens …”).",
            Self::Go => "Go: the summary is a full sentence that begins with the name.",
            Self::Google | Self::NumPy | Self::Rest => {
                "Python: the summary is one line in the imperative (“Open …”)."
            }
            _ => "The summary is one sentence in the third person (“Opens …”).",
        }
    }
}

/// The comment with its indentation and the end of its last line.
pub fn rendered(words: &DocWords, symbol: &Symbol, style: DocStyle, place: &DocPlace) -> String {
    let lines = match style {
        DocStyle::Rust => rust(words),
        DocStyle::Swift => swift(words),
        DocStyle::CSharp => c_sharp(words),
        DocStyle::Go => go(words, &symbol.name),
        DocStyle::Block { dash } => block(words, dash),
        DocStyle::Yard => yard(words),
        DocStyle::Hash => summary(words),
        DocStyle::Google => google(words),
        DocStyle::NumPy => numpy(words),
        DocStyle::Rest => rest(words),
    };
    let sign = match style {
        DocStyle::Rust | DocStyle::Swift | DocStyle::CSharp => "///",
        DocStyle::Go => "//",
        DocStyle::Block { .. } => " *",
        DocStyle::Yard | DocStyle::Hash => "#",
        _ => return docstring(&lines, &place.indent),
    };
    let width = WIDTH.saturating_sub(place.indent.len() + sign.len() + 1).max(40);
    let mut text = String::new();
    let mut push = |line: &str| {
        text.push_str(format!("{}{line}", place.indent).trim_end());
        text.push('\n');
    };
    if sign == " *" {
        push("/**");
    }
    for line in wrapped(&lines, width) {
        push(&format!("{sign} {line}"));
    }
    if sign == " *" {
        push(" */");
    }
    text
}

fn docstring(lines: &[String], indent: &str) -> String {
    let width = WIDTH.saturating_sub(indent.len()).max(40);
    // A backslash would begin an escape.
    let prefix = if lines.iter().any(|line| line.contains('\\')) { "r" } else { "" };
    let lines = wrapped(lines, width);
    let mut text = format!("{indent}{prefix}\"\"\"");
    if let [only] = &lines[..] {
        let gap = if only.ends_with('"') { " " } else { "" };
        return format!("{text}{only}{gap}\"\"\"\n");
    }
    for (number, line) in lines.iter().enumerate() {
        let margin = if number == 0 || line.is_empty() { "" } else { indent };
        text.push_str(&format!("{margin}{line}\n"));
    }
    format!("{text}{indent}\"\"\"\n")
}

fn summary(words: &DocWords) -> Vec<String> {
    let mut lines = vec![words.summary.clone()];
    for detail in &words.details {
        lines.extend([String::new(), detail.clone()]);
    }
    lines
}

fn rust(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    if !words.errors.is_empty() {
        lines.extend([String::new(), "# Errors".to_owned()]);
        lines.extend(words.errors.iter().map(|(name, text)| {
            match name.as_str() {
                "" => text.clone(),
                name => format!("[`{}`]: {text}", name.trim_matches('`'))
                    .replace("[`", "`")
                    .replace("`]", "`"),
            }
        }));
    }
    lines
}

fn swift(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    if !words.parameters.is_empty() || !words.returns.is_empty() {
        lines.push(String::new());
    }
    lines.extend(words.parameters.iter().map(|(name, text)| format!("- Parameter {name}: {text}")));
    if !words.returns.is_empty() {
        lines.push(format!("- Returns: {}", words.returns));
    }
    lines
        .extend(words.errors.iter().map(|(name, text)| format!("- Throws: {}", named(name, text))));
    lines
}

fn c_sharp(words: &DocWords) -> Vec<String> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut all = vec![words.summary.clone()];
    all.extend(words.details.iter().cloned());
    let mut lines = vec![format!("<summary>{}</summary>", escaped(&all.join(" ")))];
    let parameters = words.parameters.iter();
    lines.extend(
        parameters.map(|(name, text)| format!("<param name=\"{name}\">{}</param>", escaped(text))),
    );
    if !words.returns.is_empty() {
        lines.push(format!("<returns>{}</returns>", escaped(&words.returns)));
    }
    let thrown = words.errors.iter().filter(|(name, _)| !name.is_empty());
    lines.extend(
        thrown.map(|(name, text)| {
            format!("<exception cref=\"{name}\">{}</exception>", escaped(text))
        }),
    );
    lines
}

fn go(words: &DocWords, name: &str) -> Vec<String> {
    let mut lines = summary(words);
    if words.summary.split_whitespace().next() != Some(name) {
        lines[0] = format!("{name} {}", lower_first(&words.summary));
    }
    if !words.errors.is_empty() {
        lines.push(String::new());
        lines.extend(words.errors.iter().map(|(name, text)| named(name, text)));
    }
    lines
}

fn block(words: &DocWords, dash: bool) -> Vec<String> {
    let mut lines = summary(words);
    if !words.parameters.is_empty() || !words.returns.is_empty() || !words.errors.is_empty() {
        lines.push(String::new());
    }
    let dash = if dash { " - " } else { " " };
    lines.extend(words.parameters.iter().map(|(name, text)| format!("@param {name}{dash}{text}")));
    if !words.returns.is_empty() {
        lines.push(
            format!("@returns {}", words.returns)
                .replace("@returns", if dash == " - " { "@returns" } else { "@return" }),
        );
    }
    lines.extend(
        words.errors.iter().map(|(name, text)| format!("@throws {}", named_plain(name, text))),
    );
    lines
}

fn yard(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    lines.extend(words.parameters.iter().map(|(name, text)| format!("@param {name} {text}")));
    if !words.returns.is_empty() {
        lines.push(format!("@return {}", words.returns));
    }
    lines.extend(
        words.errors.iter().map(|(name, text)| format!("@raise {}", named_plain(name, text))),
    );
    lines
}

fn google(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    let mut part = |heading: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.extend([String::new(), heading.to_owned()]);
            lines.extend(entries.into_iter().map(|entry| format!("    {entry}")));
        }
    };
    part("Args:", words.parameters.iter().map(|(name, text)| format!("{name}: {text}")).collect());
    part(
        "Returns:",
        Some(words.returns.clone()).filter(|text| !text.is_empty()).into_iter().collect(),
    );
    part("Raises:", words.errors.iter().map(|(name, text)| named(name, text)).collect());
    lines
}

fn numpy(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    let mut part = |heading: &str, entries: Vec<(String, String)>| {
        if !entries.is_empty() {
            lines.extend([String::new(), heading.to_owned(), "-".repeat(heading.len())]);
            for (name, text) in entries {
                if !name.is_empty() {
                    lines.push(name);
                }
                lines.push(format!("    {text}"));
            }
        }
    };
    part("Parameters", words.parameters.clone());
    let returns = Some(words.returns.clone()).filter(|text| !text.is_empty());
    part("Returns", returns.into_iter().map(|text| (String::new(), text)).collect());
    part("Raises", words.errors.clone());
    lines
}

fn rest(words: &DocWords) -> Vec<String> {
    let mut lines = summary(words);
    if !words.parameters.is_empty() || !words.returns.is_empty() || !words.errors.is_empty() {
        lines.push(String::new());
    }
    lines.extend(words.parameters.iter().map(|(name, text)| format!(":param {name}: {text}")));
    if !words.returns.is_empty() {
        lines.push(format!(":returns: {}", words.returns));
    }
    let raised = words.errors.iter().filter(|(name, _)| !name.is_empty());
    lines.extend(raised.map(|(name, text)| format!(":raises {name}: {text}")));
    lines
}

fn named(name: &str, text: &str) -> String {
    if name.is_empty() { text.to_owned() } else { format!("{name}: {text}") }
}

fn named_plain(name: &str, text: &str) -> String {
    if name.is_empty() { text.to_owned() } else { format!("{name} {text}") }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// Breaks long lines; what follows stands under the words of an entry.
fn wrapped(lines: &[String], width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        let margin = line.len() - line.trim_start().len();
        let is_entry = margin > 0 || line.starts_with(['@', ':', '-', '<']) && line.contains(' ');
        let hang = " ".repeat(margin + if is_entry { 4 } else { 0 });
        let mut current = " ".repeat(margin);
        for word in line.split_whitespace() {
            let empty = current.trim().is_empty();
            if !empty && current.chars().count() + 1 + word.chars().count() > width {
                out.push(std::mem::replace(&mut current, hang.clone()));
                current.push_str(word);
                continue;
            }
            if !empty {
                current.push(' ');
            }
            current.push_str(word);
        }
        out.push(current.trim_end().to_owned());
    }
    out
}
