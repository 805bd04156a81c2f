//! Which files of a repository make a model.

use super::tree::{RemoteFile, RepoTree};
use crate::error::{HubError, Result};

/// What a folder's model is read from, beside its weights. Nothing that runs
/// code when it is loaded (`.bin`, `.pt`, `.py`) is ever fetched.
const BESIDE: [&str; 12] = [
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "model.safetensors.index.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
];

/// More than this many names help nobody.
const MOST_CHOICES: usize = 20;

/// The files of a model and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// The files, small ones first, so that what is wrong with them is known
    /// before the weights come.
    pub files: Vec<RemoteFile>,
    /// The GGUF file, the first of its shards; `None` for a model that is a
    /// folder.
    pub entry: Option<String>,
}

/// Part `number` of `count` of one model, by llama.cpp's naming:
/// `stem-00001-of-00003.gguf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard<'a> {
    pub stem: &'a str,
    pub number: u32,
    pub count: u32,
}

/// Reads a shard's name; `None` for a file that stands alone.
pub fn shard(name: &str) -> Option<Shard<'_>> {
    let (rest, ending) = name.rsplit_once('.')?;
    let (rest, count) = rest.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let parse = |digits: &str| {
        let all = digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if all { digits.parse::<u32>().ok() } else { None }
    };
    let (number, count) = (parse(number)?, parse(count)?);
    let gguf = ending.eq_ignore_ascii_case("gguf");
    (gguf && !stem.is_empty() && (1..=count).contains(&number)).then_some(Shard {
        stem,
        number,
        count,
    })
}

/// Chooses the files of the model that `file` begins, or of the only one.
///
/// # Errors
/// Where the repository has no such file, no model, or several.
pub fn select(tree: &RepoTree, file: Option<&str>) -> Result<Selection> {
    match file {
        Some(file) => named(tree, file),
        None => match folder(tree) {
            Some(selection) => Ok(selection),
            None => only_gguf(tree),
        },
    }
}

fn named(tree: &RepoTree, file: &str) -> Result<Selection> {
    let found = tree.files.iter().find(|remote| remote.path == file);
    match found {
        Some(found) if is_gguf(&found.path) => with_shards(tree, found),
        Some(_) => Err(HubError::NothingToPull {
            repo: tree.repo.clone(),
            reason: "has that file, but only a GGUF file can be named",
            choices: choices(tree),
        }
        .into()),
        None => {
            let (repo, file) = (tree.repo.clone(), file.to_owned());
            Err(HubError::FileNotFound { repo, file, choices: choices(tree) }.into())
        }
    }
}

fn folder(tree: &RepoTree) -> Option<Selection> {
    let at_root = |file: &&RemoteFile| !file.path.contains('/');
    let has = |name: &str| tree.files.iter().any(|file| file.path == name);
    let weights: Vec<&RemoteFile> = tree
        .files
        .iter()
        .filter(at_root)
        .filter(|file| file.path.ends_with(".safetensors"))
        .collect();
    if weights.is_empty() || !has("config.json") {
        return None;
    }
    // Some publish the same weights once more under another name, such as
    // `consolidated.safetensors`.
    let usual = |file: &&RemoteFile| file.path.starts_with("model");
    let one_way = weights.iter().any(usual);
    let beside = tree.files.iter().filter(|file| BESIDE.contains(&&*file.path));
    let weights = weights.iter().copied().filter(|file| !one_way || usual(file));
    let mut files: Vec<RemoteFile> = beside.chain(weights).cloned().collect();
    files.sort_by(|a, b| (weight(a), &a.path).cmp(&(weight(b), &b.path)));
    Some(Selection { files, entry: None })
}

fn only_gguf(tree: &RepoTree) -> Result<Selection> {
    let nothing =
        |reason, choices| HubError::NothingToPull { repo: tree.repo.clone(), reason, choices };
    let starts: Vec<&RemoteFile> = models(tree).collect();
    match starts[..] {
        [only] => with_shards(tree, only),
        [] => {
            let pickled = [".bin", ".pt", ".pth", ".ckpt"];
            let pickled =
                tree.files.iter().any(|file| pickled.iter().any(|end| file.path.ends_with(end)));
            let reason = if pickled {
                "holds only weights in Python's pickle format, which can run code when they are read"
            } else {
                "holds no model: no GGUF file, and not both config.json and safetensors"
            };
            Err(nothing(reason, Vec::new()).into())
        }
        _ => Err(nothing("holds several models", choices(tree)).into()),
    }
}

fn with_shards(tree: &RepoTree, file: &RemoteFile) -> Result<Selection> {
    let (folder, name) = match file.path.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, &*file.path),
    };
    let Some(one) = shard(name) else {
        return Ok(Selection { files: vec![file.clone()], entry: Some(file.path.clone()) });
    };
    let mut files: Vec<RemoteFile> = Vec::new();
    for number in 1..=one.count {
        let name = format!("{}-{number:05}-of-{:05}.gguf", one.stem, one.count);
        let path = folder.map_or_else(|| name.clone(), |folder| format!("{folder}/{name}"));
        let same = |remote: &&RemoteFile| remote.path.eq_ignore_ascii_case(&path);
        let Some(found) = tree.files.iter().find(same) else {
            let repo = tree.repo.clone();
            return Err(HubError::FileNotFound { repo, file: path, choices: Vec::new() }.into());
        };
        files.push(found.clone());
    }
    let entry = files.first().map(|first| first.path.clone());
    Ok(Selection { files, entry })
}

/// The GGUF files that begin a model. One that belongs to a model for images
/// is none.
fn models(tree: &RepoTree) -> impl Iterator<Item = &RemoteFile> {
    tree.files.iter().filter(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let beside =
            ["mmproj", "imatrix"].iter().any(|word| name.to_ascii_lowercase().contains(word));
        is_gguf(name) && !beside && shard(name).is_none_or(|shard| shard.number == 1)
    })
}

fn choices(tree: &RepoTree) -> Vec<String> {
    let names = models(tree).map(|file| format!("hf:{}/{}", tree.repo, file.path));
    names.take(MOST_CHOICES).collect()
}

fn is_gguf(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("gguf"))
}

fn weight(file: &RemoteFile) -> bool {
    file.path.ends_with(".safetensors")
}

#[cfg(test)]
mod tests {
    use mlxcode_base::Diagnostic;

    use std::path::Path;

    use super::*;
    use crate::hub::FileChecksum;

    fn tree(paths: &[&str]) -> RepoTree {
        let file = |path: &&str| RemoteFile {
            path: (*path).to_owned(),
            size_bytes: 1,
            checksum: FileChecksum::Git("0".repeat(40)),
        };
        RepoTree {
            repo: "org/name".to_owned(),
            revision: "main".to_owned(),
            commit: "0".repeat(40),
            files: paths.iter().map(file).collect(),
        }
    }

    #[test]
    fn a_model_is_chosen_and_nothing_beside_it() {
        let check = |paths: &[&str], file: Option<&str>, expect: &[&str]| {
            let selection = select(&tree(paths), file).unwrap();
            let found: Vec<&str> = selection.files.iter().map(|file| &*file.path).collect();
            assert_eq!(found, expect);
            let gguf =
                Some(expect[0]).filter(|name| Path::new(name).extension() == Some("gguf".as_ref()));
            assert_eq!(selection.entry.as_deref(), gguf);
        };
        check(
            &[
                "README.md",
                "config.json",
                "consolidated.safetensors",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "modeling.py",
                "onnx/model.safetensors",
                "pytorch_model.bin",
                "tokenizer.json",
            ],
            None,
            &[
                "config.json",
                "model.safetensors.index.json",
                "tokenizer.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
            ],
        );
        check(
            &["config.json", "weights.safetensors"],
            None,
            &["config.json", "weights.safetensors"],
        );
        check(&["README.md", "a.gguf"], None, &["a.gguf"]);
        check(&["a.gguf", "mmproj-a.gguf"], None, &["a.gguf"]);
        check(&["a.gguf", "b.gguf"], Some("b.gguf"), &["b.gguf"]);
        check(&["q/a.gguf", "config.json", "model.safetensors"], Some("q/a.gguf"), &["q/a.gguf"]);
        let split = ["s/a-00001-of-00002.gguf", "s/a-00002-of-00002.gguf"];
        check(&split, None, &split);
        check(&split, Some(split[1]), &split);
    }

    #[test]
    fn what_cannot_be_chosen_is_told() {
        let check = |paths: &[&str], file: Option<&str>, code: &str, help: &str| {
            let error = select(&tree(paths), file).unwrap_err();
            assert_eq!(error.code(), code);
            let said = format!("{error} {}", error.help().unwrap());
            assert!(said.contains(help), "{said}");
        };
        let several = "hf:org/name/a.gguf, hf:org/name/b.gguf";
        check(&["a.gguf", "b.gguf"], None, "models.nothing_to_pull", several);
        check(&["a.gguf", "b.gguf"], Some("c.gguf"), "models.file_not_found", several);
        check(&["a.gguf", "x.bin"], Some("x.bin"), "models.nothing_to_pull", "only a GGUF");
        check(&["config.json", "pytorch_model.bin"], None, "models.nothing_to_pull", "pickle");
        check(&["README.md"], None, "models.nothing_to_pull", "no model");
        let lacking = ["a-00001-of-00002.gguf"];
        check(&lacking, None, "models.file_not_found", "a-00002-of-00002.gguf");
    }

    #[test]
    fn a_shard_is_told_by_its_name() {
        let check = |name: &str, expect: Option<(&str, u32, u32)>| {
            let found = shard(name).map(|shard| (shard.stem, shard.number, shard.count));
            assert_eq!(found, expect, "{name}");
        };
        check("a-q4-00002-of-00003.gguf", Some(("a-q4", 2, 3)));
        check("a-00000-of-00003.gguf", None);
        check("a-00004-of-00003.gguf", None);
        check("a-2-of-3.gguf", None);
        check("a.gguf", None);
        check("model-00001-of-00002.safetensors", None);
    }
}
