use std::path::{Path, PathBuf};

use mlxcode_base::Root;
use serde::Serialize;

use super::front_matter::FrontMatter;
use super::skill::first_paragraph;
use super::{PluginError, PluginProblem, text};

/// How deep folders of commands are read.
const DEEPEST: usize = 4;

/// How many files a folder of commands may hold.
const MOST_FILES: usize = 500;

/// A question that is kept in a file and asked by its name: `/name arguments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginCommand {
    /// The plugin's name.
    pub plugin: String,
    /// Its name: that of its file, with the folders before it and `:` between.
    pub name: String,
    /// What it does, for a list.
    pub description: String,
    /// What its arguments are, for who types it.
    pub argument_hint: Option<String>,
    /// The tools that its author would allow. Advice: the user's rules decide.
    pub allowed_tools: Vec<String>,
    /// Its file.
    pub path: PathBuf,
}

/// A role for a sub-task: a file of `agents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginRole {
    /// The plugin's name.
    pub plugin: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The tools that it asks for; all where empty.
    pub tools: Vec<String>,
    /// Its file.
    pub path: PathBuf,
}

impl PluginCommand {
    /// The question, with the arguments in the places of `$ARGUMENTS`, `$1`
    /// to `$9`. Where there is no place they are added at the end.
    ///
    /// Nothing in the file is carried out: `` !`command` `` stays as it is.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn question(&self, arguments: &str, plugin_root: &Path) -> Result<String, PluginError> {
        Ok(with_arguments(&self.body(plugin_root)?, arguments.trim()))
    }

    /// As [`question`](Self::question), with arguments that somebody has parted
    /// already, as a shell does.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn question_of(&self, words: &[String], plugin_root: &Path) -> Result<String, PluginError> {
        Ok(with_words(&self.body(plugin_root)?, &words.join(" "), words))
    }

    fn body(&self, plugin_root: &Path) -> Result<String, PluginError> {
        let content = text::read(&self.path)?;
        Ok(with_root(&content[FrontMatter::read(&content).body..], plugin_root))
    }
}

impl PluginRole {
    /// What the role is told.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn instructions(&self, plugin_root: &Path) -> Result<String, PluginError> {
        let content = text::read(&self.path)?;
        Ok(with_root(&content[FrontMatter::read(&content).body..], plugin_root))
    }
}

/// Puts the plugin's folder in.
pub(super) fn with_root(text: &str, root: &Path) -> String {
    let root = root.to_string_lossy();
    text.replace("${CLAUDE_PLUGIN_ROOT}", &root).replace("${PLUGIN_ROOT}", &root)
}

/// A question with its arguments in their places: `$ARGUMENTS` and
/// `{{ arguments }}` are all of them, `$1` to `$9` single ones, as a shell would
/// part them. Where there is no place they are added at the end.
pub fn with_arguments(body: &str, arguments: &str) -> String {
    with_words(body, arguments, &words(arguments))
}

/// As [`with_arguments`], where the words are known.
pub fn with_words(body: &str, arguments: &str, words: &[String]) -> String {
    let mut out = String::with_capacity(body.len() + arguments.len());
    let mut has_place = false;
    let mut rest = body;
    while let Some(at) = rest.find(['$', '{']) {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if rest[at..].starts_with('{') {
            if let Some(after) = after_braces(after) {
                has_place = true;
                out.push_str(arguments);
                rest = after;
            } else {
                out.push('{');
                rest = after;
            }
            continue;
        }
        let digit = after.chars().next().and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0);
        if let Some(after) = after.strip_prefix("ARGUMENTS") {
            has_place = true;
            out.push_str(arguments);
            rest = after;
        } else if let Some(digit) =
            digit.filter(|_| !after[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            has_place = true;
            out.push_str(words.get(digit as usize - 1).map_or("", String::as_str));
            rest = &after[1..];
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    if !has_place && !arguments.is_empty() {
        out = format!("{}\n\nArguments: {arguments}\n", out.trim_end());
    }
    out
}

/// What stands after `{ arguments }}`.
fn after_braces(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('{')?.trim_start_matches(' ');
    inside.strip_prefix("arguments")?.trim_start_matches(' ').strip_prefix("}}")
}

/// Words as a shell would take them: quotes hold them together.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quote = None;
    let mut between = true;
    for c in text.chars() {
        match c {
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                if between {
                    words.push(String::new());
                    between = false;
                }
            }
            c if c.is_whitespace() && quote.is_none() => between = true,
            c => {
                if between {
                    words.push(String::new());
                    between = false;
                }
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}

/// The commands in a folder of its own, by name, and what is wrong with some;
/// none where there is no such folder.
pub fn commands_in(folder: &Path) -> (Vec<PluginCommand>, Vec<PluginProblem>) {
    let mut problems = Vec::new();
    let commands = match Root::open(folder) {
        Ok(root) => read_commands(&root, "", root.path(), &mut problems),
        Err(_) => Vec::new(),
    };
    (commands, problems)
}

/// Reads the commands of a folder, or the one that is named.
pub(super) fn read_commands(
    root: &Root,
    plugin: &str,
    place: &Path,
    problems: &mut Vec<PluginProblem>,
) -> Vec<PluginCommand> {
    let commands = markdown(root, place, problems).into_iter().filter_map(|(name, path)| {
        let (front, content) = head(&path, problems)?;
        let description = front.text("description");
        let description = description.or_else(|| first_paragraph(&content[front.body..]));
        Some(PluginCommand {
            plugin: plugin.to_owned(),
            name,
            description: description.unwrap_or_default().trim().to_owned(),
            argument_hint: front.text("argument-hint"),
            allowed_tools: front.list("allowed-tools"),
            path,
        })
    });
    commands.collect()
}

/// Reads the roles of a folder, or the one that is named.
pub(super) fn read_roles(
    root: &Root,
    plugin: &str,
    place: &Path,
    problems: &mut Vec<PluginProblem>,
) -> Vec<PluginRole> {
    let roles = markdown(root, place, problems).into_iter().filter_map(|(name, path)| {
        let (front, content) = head(&path, problems)?;
        let description = front.text("description");
        let description = description.or_else(|| first_paragraph(&content[front.body..]));
        Some(PluginRole {
            plugin: plugin.to_owned(),
            name: front.text("name").unwrap_or(name),
            description: description.unwrap_or_default().trim().to_owned(),
            tools: front.list("tools"),
            path,
        })
    });
    roles.collect()
}

fn head(path: &Path, problems: &mut Vec<PluginProblem>) -> Option<(FrontMatter, String)> {
    match text::read(path) {
        Ok(content) => {
            let front = FrontMatter::read(&content);
            problems.extend(front.problems.iter().map(|(line, reason)| PluginProblem {
                path: path.to_owned(),
                line: Some(*line),
                text: (*reason).to_owned(),
            }));
            Some((front, content))
        }
        Err(error) => {
            problems.push(text::problem(&error));
            None
        }
    }
}

/// The Markdown files of a place with their names.
fn markdown(
    root: &Root,
    place: &Path,
    problems: &mut Vec<PluginProblem>,
) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut places = vec![(String::new(), place.to_owned(), 0)];
    while let Some((before, place, depth)) = places.pop() {
        if !place.exists() || found.len() == MOST_FILES {
            continue;
        }
        if !text::is_inside(root, &place) {
            let text = "a link leads out of the plugin; it is left out".to_owned();
            problems.push(PluginProblem { path: place, line: None, text });
            continue;
        }
        if place.is_file() {
            let stem = place.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            found.push((format!("{before}{}", stem.unwrap_or_default()), place));
            continue;
        }
        for entry in text::entries(&place).into_iter().rev() {
            let name = entry.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            if entry.is_dir() && depth < DEEPEST && !name.starts_with('.') {
                places.push((format!("{before}{name}:"), entry, depth + 1));
            } else if entry.extension().is_some_and(|ending| ending == "md") && name != "README.md"
            {
                places.push((before.clone(), entry, depth));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_go_to_their_places() {
        let check = |body: &str, arguments: &str, expect: &str| {
            assert_eq!(with_arguments(body, arguments), expect, "{body}");
        };
        check("Fix $1 in $2.", "'the bug' main.rs", "Fix the bug in main.rs.");
        check("All: $ARGUMENTS!", "a \"b c\"", "All: a \"b c\"!");
        check("Costs $5 and $10", "x", "Costs  and $10");
        check("No $HOME place.\n", "x y", "No $HOME place.\n\nArguments: x y\n");
        check("No place.", "", "No place.");
        check("$3|", "a b", "|");
        // What is put in is not looked at again.
        check("$1 $2", "$2 $ARGUMENTS", "$2 $ARGUMENTS");
        check("ü$", "", "ü$");
        check("Tidy {{ arguments }}, {{arguments}}.", "a b", "Tidy a b, a b.");
        check("{{ x }} { {{ arguments", "", "{{ x }} { {{ arguments");
    }

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(words(r#"a  "b c"d '' 'e"f' g"#), ["a", "b cd", "", "e\"f", "g"]);
        assert_eq!(words("\"open"), ["open"]);
        assert!(words("  ").is_empty());
    }
}
