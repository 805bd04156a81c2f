//! What a model is told before all else.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;

use minijinja::{Value, context};
use mlxcode_base::{RelPath, Root};
use mlxcode_models::{LanguageModel, Message};

use super::{SessionOptions, SessionParts, skills};
use crate::error::Result;
use crate::prompts::BUILT_IN;

/// Files in which a project says how it wants to be worked on. Of the first
/// three, the first that is there: they are usually the same text.
const FILES: [&str; 3] = ["AGENTS.md", "CLAUDE.md", ".mlx-code/instructions.md"];

/// The most bytes of such a file: some five thousand tokens.
const MOST_BYTES: u64 = 20 << 10;

/// The most of a model's context that what the project says may take: what is
/// asked, shown and answered needs the rest.
const MOST_PERCENT: usize = 20;

/// What a project says.
#[derive(Debug)]
pub struct Instruction {
    pub path: String,
    pub text: String,
}

/// The message with the instructions, and what the person should know of it.
pub fn system_message(
    parts: &SessionParts,
    options: &SessionOptions,
) -> Result<(Message, Vec<String>)> {
    let mut used = BUILT_IN.iter().filter(|prompt| prompt.is_of_conversations());
    used.try_for_each(|prompt| options.prompts.check(prompt.name))?;
    let tools = options.tools.gives(parts.model.info());
    let mut said = of_project(parts.ground.root());
    let mut notices = Vec::new();
    for one in &mut said {
        notices.extend(fit(one, &*parts.model)?);
    }
    let pairs = |one: &Instruction| Value::from_pairs([("path", &one.path), ("text", &one.text)]);
    let instructions: Value = said.iter().map(pairs).collect();
    let text = options.prompts.text("session", context! { tools, instructions })?;
    let skills = skills::listed(&parts.additions.skills, tools, parts.model.info());
    Ok((Message::system(format!("{text}{skills}")), notices))
}

/// Cuts what is too long for a model at a line's end; the sentence that tells
/// so.
pub fn fit(one: &mut Instruction, model: &dyn LanguageModel) -> Result<Option<String>> {
    let most = model.info().context_length * MOST_PERCENT / 100;
    let all = model.count_text(&one.text)?;
    if all <= most {
        return Ok(None);
    }
    let (mut kept, mut taken) = (0, 0);
    for line in one.text.split_inclusive('\n') {
        taken += model.count_text(line)?;
        if taken > most {
            break;
        }
        kept += line.len();
    }
    one.text.truncate(kept);
    one.text.push_str("(The rest of it was too long to be told.)");
    let path = &one.path;
    Ok(Some(format!(
        "{path} takes {all} tokens; the model is told the first {kept} bytes, a fifth of its context"
    )))
}

fn of_project(root: &Root) -> Vec<Instruction> {
    FILES.iter().find_map(|path| read(root, path)).into_iter().collect()
}

/// What the folders of some files say of them, below what the whole project
/// says: of each file the nearest, each once.
pub fn of_folders<'p>(
    root: &Root,
    files: impl Iterator<Item = &'p RelPath>,
    seen: &BTreeSet<String>,
) -> Vec<Instruction> {
    let folders: BTreeSet<&str> = files.filter_map(RelPath::parent).collect();
    let mut looked: BTreeSet<String> = seen.clone();
    let mut found = Vec::new();
    for folder in folders {
        let mut folder = Some(folder);
        while let Some(here) = folder.filter(|here| !here.is_empty()) {
            let paths = FILES[..2].iter().map(|name| format!("{here}/{name}"));
            let nearest =
                paths.map(|path| (read(root, &path), path)).find(|(one, _)| one.is_some());
            if let Some((Some(one), path)) = nearest {
                if looked.insert(path) {
                    found.push(one);
                }
                break;
            }
            folder = here.rsplit_once('/').map(|(above, _)| above);
        }
    }
    found
}

fn read(root: &Root, path: &str) -> Option<Instruction> {
    let place = root.resolve(&RelPath::new(path).ok()?).ok()?;
    let file = File::open(place).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    // A cut in the middle of a character loses that character.
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then(|| Instruction { path: path.to_owned(), text })
}
