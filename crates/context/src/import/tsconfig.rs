//! The `paths` of tsconfig, and which files a tsconfig is about.

use std::collections::HashMap;

use serde_json::Value;

use super::files::{Index, folder, joined, upward};
use super::json::json;
use super::node::file;

/// A chain of `extends` is short; a ring of them would have no end.
const MOST_EXTENDS: usize = 8;

/// A tsconfig that is in parts names a few; no tree has more.
const MOST_REFERENCES: usize = 256;

/// A pattern of a path holds one or two `**`. Each more could double the ways to
/// try, so a pattern with more is taken to fit.
const MOST_DEEP: usize = 4;

/// The projects of a tree, by the folders of their tsconfig.
pub struct Projects(HashMap<String, Project>);

/// What a tsconfig says.
#[derive(Clone, Default)]
struct Project {
    base: Option<String>,
    /// A pattern, and the paths that it stands for.
    paths: Vec<(String, Vec<String>)>,
    /// Patterns of its files; `None` for all in its folder.
    include: Option<Vec<String>>,
    exclude: Vec<String>,
    /// The parts that it is made of.
    references: Vec<Project>,
}

/// Where packages of the tree lie, by their names.
type Folders<'p> = dyn Fn(&str) -> Option<&'p str> + 'p;

/// Reads the projects; `folder_of` knows the packages of the tree.
pub fn projects(index: &Index<'_>, folder_of: &Folders<'_>) -> Projects {
    let mut found = HashMap::new();
    for name in ["jsconfig.json", "tsconfig.json"] {
        for path in index.named(name) {
            let here = folder(path);
            let mut project = read(index, folder_of, path, here, 0);
            let parts = json(index, path).unwrap_or_default();
            let parts = parts["references"].as_array().into_iter().flatten();
            for part in parts.filter_map(|part| part["path"].as_str()).take(MOST_REFERENCES) {
                let Some(part) = joined(here, part) else { continue };
                let inside = joined(&part, "tsconfig.json");
                let Some(part) = index.first([part].into_iter().chain(inside)) else { continue };
                project.references.push(read(index, folder_of, &part, folder(&part), 0));
            }
            found.insert(here.to_owned(), project);
        }
    }
    Projects(found)
}

impl Projects {
    /// The file that a name stands for in the file `from`. The closest project
    /// that the file is of is asked first, then those that it only lies in.
    pub fn find(&self, index: &Index<'_>, from: &str, name: &str) -> Option<String> {
        let around =
            || upward(folder(from)).filter_map(|folder| self.0.get(folder).zip(Some(folder)));
        let own = around().find_map(|(project, folder)| {
            let parts = [project].into_iter().chain(&project.references);
            parts.into_iter().find(|part| part.holds(folder, from))
        });
        if let Some(own) = own
            && let Some(found) = own.mapped(index, name).or_else(|| own.based(index, name))
        {
            return Some(found);
        }
        around().find_map(|(project, _)| {
            let parts = [project].into_iter().chain(&project.references);
            parts.into_iter().find_map(|part| part.mapped(index, name))
        })
    }
}

impl Project {
    fn holds(&self, folder: &str, from: &str) -> bool {
        let included = match &self.include {
            Some(patterns) => patterns.iter().any(|pattern| fits(pattern, from)),
            None => folder.is_empty() || from.starts_with(&format!("{folder}/")),
        };
        included && !self.exclude.iter().any(|pattern| fits(pattern, from))
    }

    /// By its `paths`.
    fn mapped(&self, index: &Index<'_>, name: &str) -> Option<String> {
        let found = self
            .paths
            .iter()
            .filter_map(|(pattern, paths)| Some((pattern, paths, matched(pattern, name)?)))
            .max_by_key(|(pattern, _, _)| pattern.find('*').unwrap_or(usize::MAX));
        found.and_then(|(_, paths, part)| {
            paths.iter().find_map(|path| file(index, &path.replace('*', part)))
        })
    }

    /// Below its `baseUrl`.
    fn based(&self, index: &Index<'_>, name: &str) -> Option<String> {
        file(index, &joined(self.base.as_deref()?, name)?)
    }
}

/// Reads a tsconfig and what it extends; `top` is the folder of the first of
/// them.
fn read(
    index: &Index<'_>,
    folder_of: &Folders<'_>,
    path: &str,
    top: &str,
    depth: usize,
) -> Project {
    let Some(config) = json(index, path).filter(|_| depth < MOST_EXTENDS) else {
        return Project::default();
    };
    let here = folder(path);
    let seen = |from: &str, written: &str| match written.strip_prefix("${configDir}") {
        Some(rest) => joined(top, rest.trim_start_matches('/')),
        None => joined(from, written),
    };
    let extends = &config["extends"];
    let more = extends.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut project = Project::default();
    for outer in extends.as_str().into_iter().chain(more) {
        let Some(outer) = extended(index, folder_of, here, outer) else { continue };
        let outer = read(index, folder_of, &outer, top, depth + 1);
        // Each says anew what it says at all.
        project.base = outer.base.or(project.base);
        project.include = outer.include.or(project.include);
        if !outer.paths.is_empty() {
            project.paths = outer.paths;
        }
        if !outer.exclude.is_empty() {
            project.exclude = outer.exclude;
        }
    }
    let options = &config["compilerOptions"];
    if let Some(base) = options["baseUrl"].as_str() {
        project.base = seen(here, base);
    }
    if let Some(paths) = options["paths"].as_object() {
        let base = project.base.clone().unwrap_or_else(|| here.to_owned());
        let all = |value: &Value| texts(value).filter_map(|path| seen(&base, path)).collect();
        project.paths =
            paths.iter().map(|(pattern, value)| (pattern.clone(), all(value))).collect();
    }
    let patterns = |value: &Value| {
        texts(value).filter_map(|one| seen(here, one)).map(whole_folder).collect::<Vec<_>>()
    };
    if config["files"].is_array() || config["include"].is_array() {
        let files = texts(&config["files"]).filter_map(|one| seen(here, one));
        project.include = Some(files.chain(patterns(&config["include"])).collect());
    }
    if config["exclude"].is_array() {
        project.exclude = patterns(&config["exclude"]);
    }
    project
}

/// The file that `extends` names: a path, or one in a package of the tree.
fn extended(
    index: &Index<'_>,
    folder_of: &Folders<'_>,
    here: &str,
    written: &str,
) -> Option<String> {
    let path = if written.starts_with('.') {
        joined(here, written)?
    } else {
        let parts = if written.starts_with('@') { 2 } else { 1 };
        let name: Vec<&str> = written.splitn(parts + 1, '/').take(parts).collect();
        let name = name.join("/");
        joined(folder_of(&name)?, written[name.len()..].trim_start_matches('/'))?
    };
    let ended = format!("{path}.json");
    index.first([path.clone(), ended].into_iter().chain(joined(&path, "tsconfig.json")))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A pattern that names a folder means all in it.
fn whole_folder(pattern: String) -> String {
    let last = pattern.rsplit('/').next().unwrap_or_default();
    if last.contains(['*', '?', '.']) {
        pattern
    } else if pattern.is_empty() {
        "**/*".to_owned()
    } else {
        format!("{pattern}/**/*")
    }
}

/// What the star of a pattern of names stands for.
pub fn matched<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == name).then_some(""),
    }
}

/// Whether a pattern with `**`, `*` and `?` means a path.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.iter().filter(|part| **part == "**").count() > MOST_DEEP || fits_parts(&pattern, &path)
}

fn fits_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            (0..=path.len()).any(|skipped| fits_parts(rest, &path[skipped..]))
        }
        ([part, rest @ ..], [name, inside @ ..]) => {
            fits_name(part.as_bytes(), name.as_bytes()) && fits_parts(rest, inside)
        }
        _ => false,
    }
}

/// Whether a name is of a pattern. Of several stars only the last is moved, which
/// is enough.
fn fits_name(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(sign) if *sign == b'?' || *sign == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, from)) = star else { return false };
                star = Some((star_at, from + 1));
                at = star_at + 1;
                seen = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_paths() {
        for (pattern, path, expect) in [
            ("src/**/*", "src/a.ts", true),
            ("src/**/*", "src/deep/er/a.ts", true),
            ("src/**/*", "lib/a.ts", false),
            ("src/*.ts", "src/a.ts", true),
            ("src/*.ts", "src/deep/a.ts", false),
            ("src/*.ts", "src/a.js", false),
            ("**/*.spec.ts", "a/b/one.spec.ts", true),
            ("**/*.spec.ts", "a/b/one.ts", false),
            ("a?c/*b*d", "abc/xxbyyd", true),
            ("a?c/*b*d", "abc/xxbyy", false),
            ("src/a.ts", "src/a.ts", true),
        ] {
            assert_eq!(fits(pattern, path), expect, "{pattern} {path}");
        }
        assert_eq!(whole_folder("src".to_owned()), "src/**/*");
        assert_eq!(whole_folder("src/a.ts".to_owned()), "src/a.ts");
    }
}
