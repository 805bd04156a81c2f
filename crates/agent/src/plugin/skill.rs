use std::path::{Path, PathBuf};

use mlxcode_base::Root;
use serde::Serialize;

use super::front_matter::FrontMatter;
use super::{PluginError, PluginProblem, text};

/// How long the Agent Skills specification lets a name and a description be.
const MOST_NAME_CHARS: usize = 64;
const MOST_DESCRIPTION_CHARS: usize = 1024;

/// Instructions for one kind of work, which a model reads when it does that
/// work: a folder with a `SKILL.md`. Only its head is read beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Skill {
    /// The plugin's name, where it comes from one.
    pub plugin: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is for and when: all that a model sees until it is used.
    pub description: String,
    /// The tools that its author would allow. Advice: the user's rules decide.
    pub allowed_tools: Vec<String>,
    /// Whether only the user may use it, and not a model by itself.
    pub for_user_only: bool,
    /// Its folder, in which the files lie that the instructions name.
    pub folder: PathBuf,
    /// Its `SKILL.md`.
    pub path: PathBuf,
}

impl Skill {
    /// Reads the head of a `SKILL.md`. What is wrong and harmless goes to
    /// `problems`.
    ///
    /// # Errors
    /// Where the file cannot be read, or nothing tells what the skill is for.
    pub fn read(path: &Path, problems: &mut Vec<PluginProblem>) -> Result<Self, PluginError> {
        let content = text::read(path)?;
        let front = FrontMatter::read(&content);
        let mut note = |line: Option<usize>, text: String| {
            problems.push(PluginProblem { path: path.to_owned(), line, text });
        };
        for (line, reason) in &front.problems {
            note(Some(*line), (*reason).to_owned());
        }
        let folder = path.parent().unwrap_or(path).to_owned();
        let folder_name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let folder_name = folder_name.unwrap_or_default();
        let name = front.text("name").unwrap_or_else(|| {
            note(None, "it has no `name`; its folder's is taken".to_owned());
            folder_name.clone()
        });
        if !is_skill_name(&name) {
            note(
                None,
                format!(
                    "`{name}` is no name of a skill: 64 small letters, digits and dashes at most"
                ),
            );
        } else if name != folder_name {
            note(None, format!("its name is `{name}`, its folder's `{folder_name}`"));
        }
        let description = front.text("description").or_else(|| {
            let first = first_paragraph(&content[front.body..])?;
            note(None, "it has no `description`; its first paragraph is taken".to_owned());
            Some(first)
        });
        let Some(description) = description else {
            let reason = "nothing tells what the skill is for: `description` is missing".to_owned();
            return Err(PluginError::BadFile { path: path.to_owned(), line: Some(1), reason });
        };
        let mut description = description.trim().to_owned();
        if description.chars().count() > MOST_DESCRIPTION_CHARS {
            note(
                None,
                format!(
                    "its description is longer than {MOST_DESCRIPTION_CHARS} characters and is cut"
                ),
            );
            description = description.chars().take(MOST_DESCRIPTION_CHARS).collect();
        }
        Ok(Self {
            plugin: None,
            name,
            description,
            allowed_tools: front.list("allowed-tools"),
            for_user_only: front.flag("disable-model-invocation"),
            folder,
            path: path.to_owned(),
        })
    }

    /// The instructions, with `${CLAUDE_PLUGIN_ROOT}` and its like put in.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub fn instructions(&self, plugin_root: Option<&Path>) -> Result<String, PluginError> {
        let content = text::read(&self.path)?;
        let body = &content[FrontMatter::read(&content).body..];
        let body = body.replace("${CLAUDE_SKILL_DIR}", &self.folder.to_string_lossy());
        Ok(match plugin_root {
            Some(root) => super::command::with_root(&body, root),
            None => body,
        })
    }
}

/// The skills in a folder that belong to no plugin, each a folder with a
/// `SKILL.md`. One that cannot be read, or that a link leads to from elsewhere,
/// is left out.
pub fn loose_skills(folder: &Path) -> Vec<Skill> {
    let Ok(root) = Root::open(folder) else { return Vec::new() };
    read_all(&root, root.path(), &mut Vec::new())
}

/// Reads the skills of a folder: its subfolders that have a `SKILL.md`.
pub(super) fn read_all(
    root: &Root,
    folder: &Path,
    problems: &mut Vec<PluginProblem>,
) -> Vec<Skill> {
    let mut skills = Vec::new();
    let own = folder.join("SKILL.md");
    let below = text::entries(folder).into_iter().map(|entry| entry.join("SKILL.md"));
    for path in std::iter::once(own).chain(below).filter(|path| path.is_file()) {
        if !text::is_inside(root, &path) {
            let text = "a link leads out of the plugin; it is left out".to_owned();
            problems.push(PluginProblem { path, line: None, text });
            continue;
        }
        match Skill::read(&path, problems) {
            Ok(skill) => skills.push(skill),
            Err(error) => problems.push(text::problem(&error)),
        }
    }
    skills
}

fn is_skill_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= MOST_NAME_CHARS && name.chars().all(allowed)
}

/// The first lines that are no heading.
pub(super) fn first_paragraph(body: &str) -> Option<String> {
    let lines =
        body.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with('#'));
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}
