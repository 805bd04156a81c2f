use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use mlxcode_base::{RelPath, Root};
use mlxcode_models::ToolSpec;
use serde_json::{Value, json};

use super::{Access, Outcome, Tool, ToolError, ToolResult, World, arguments, cut};
use crate::plugin::Skill;

/// The files beside a skill that are named to a model: more would be a list
/// without a meaning.
const MOST_NAMED: usize = 40;

/// How deep a skill's folder is looked through.
const DEEPEST: usize = 3;

/// The most bytes of a file beside a skill.
const MOST_FILE_BYTES: u64 = 512 << 10;

/// A skill, and the folder of the plugin that it comes from.
#[derive(Clone, Debug)]
pub struct SkillFile {
    /// The skill.
    pub skill: Skill,
    /// The folder of its plugin, where it has one.
    pub plugin_root: Option<PathBuf>,
}

impl SkillFile {
    /// The name that it is asked for by: `plugin:skill`, or the skill's alone.
    pub fn name(&self) -> String {
        match &self.skill.plugin {
            Some(plugin) => format!("{plugin}:{}", self.skill.name),
            None => self.skill.name.clone(),
        }
    }

    /// The skill of a name, with its plugin's or, where no other is called so,
    /// without.
    pub fn find<'s>(skills: &'s [Self], name: &str) -> Option<&'s Self> {
        let name = name.trim().trim_start_matches('/');
        let whole = skills.iter().find(|one| one.name() == name);
        let mut alone = skills.iter().filter(|one| one.skill.name == name);
        whole.or_else(|| alone.next().filter(|_| alone.next().is_none()))
    }

    /// What a model reads when the skill is used: its instructions, and the
    /// files beside it.
    ///
    /// # Errors
    /// Where its file cannot be read any more.
    pub fn told(&self) -> ToolResult<String> {
        let instructions = self.skill.instructions(self.plugin_root.as_deref())?;
        let mut text = format!("The skill {}:\n\n{}\n", self.name(), instructions.trim());
        let files = self.files();
        if !files.is_empty() {
            text.push_str("\nFiles of this skill: ");
            text.push_str(&files.join(", "));
            text.push('\n');
        }
        Ok(text)
    }

    /// The files beside it, by their paths from its folder.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![(self.skill.folder.clone(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let Ok(read) = folder.read_dir() else { continue };
            let mut entries: Vec<PathBuf> =
                read.take(MOST_NAMED * 4).filter_map(|one| Some(one.ok()?.path())).collect();
            entries.sort();
            for path in entries {
                let Ok(data) = path.symlink_metadata() else { continue };
                if data.is_dir() && depth < DEEPEST {
                    folders.push((path, depth + 1));
                } else if data.is_file() && path != self.skill.path {
                    let path = path.strip_prefix(&self.skill.folder).unwrap_or(&path);
                    files.push(path.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        files.sort();
        files.truncate(MOST_NAMED);
        files
    }

    /// Reads a file beside it.
    fn file(&self, path: &str) -> ToolResult<String> {
        let root = Root::open(&self.skill.folder)?;
        let path: RelPath = arguments::path(path)?;
        let place = root.resolve(&path)?;
        let lost = |error: std::io::Error| ToolError::new(format!("cannot read {path}: {error}"));
        let data = fs::metadata(&place).map_err(lost)?;
        if !data.is_file() || data.len() > MOST_FILE_BYTES {
            return Err(ToolError::new(format!("{path} is no file, or a very large one")));
        }
        fs::read_to_string(&place).map_err(lost)
    }
}

/// Reads a skill when its kind of work is done.
pub struct SkillTool {
    spec: ToolSpec,
    skills: Arc<[SkillFile]>,
}

impl SkillTool {
    /// Its name.
    pub const NAME: &str = "skill";

    /// A tool that reads these.
    pub fn new(skills: Arc<[SkillFile]>) -> Self {
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description: "Reads a skill: instructions for one kind of work, to be read before that work is begun. With a file, reads a file that belongs to the skill."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "the skill's name"},
                    "file": {"type": "string", "description": "a file that the skill names, from its folder"},
                    "first_line": {"type": "integer", "minimum": 1, "description": "to go on where it was cut"}
                },
                "required": ["name"]
            }),
        };
        Self { spec, skills }
    }

    fn find(&self, arguments: &Value) -> ToolResult<&SkillFile> {
        let name = arguments::text(arguments, "name")?;
        let found = SkillFile::find(&self.skills, name).filter(|one| !one.skill.for_user_only);
        found.ok_or_else(|| {
            let all = self.skills.iter().filter(|one| !one.skill.for_user_only);
            let names: Vec<String> = all.map(SkillFile::name).collect();
            ToolError::new(format!("there is no skill `{name}`; there are {}", names.join(", ")))
        })
    }
}

impl Tool for SkillTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn access(&self, arguments: &Value) -> ToolResult<Access> {
        self.find(arguments)?;
        Ok(Access::Other)
    }

    fn call(&self, arguments: &Value, _: &World<'_>) -> ToolResult<Outcome> {
        let skill = self.find(arguments)?;
        let text = match arguments::optional_text(arguments, "file")? {
            None => skill.told()?,
            Some(file) => skill.file(file)?,
        };
        let first = arguments::number(arguments, "first_line")?.unwrap_or(1).max(1);
        let text: String = text.split_inclusive('\n').skip(first - 1).collect();
        Ok(Outcome::Text(cut(text, "ask again with `first_line` for the rest")))
    }
}
