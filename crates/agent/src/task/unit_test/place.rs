//! Where the tests of a file stand.

use mlxcode_base::{RelPath, Root};

use super::framework::TestFramework;
use crate::task::error::TaskResult;
use crate::task::text::read_text;

/// A longer file of tests is left to people.
const MOST_BYTES: u64 = 1 << 20;

/// The file of the tests.
#[derive(Clone, Debug)]
pub struct TestPlace {
    pub path: RelPath,
    /// What it holds now.
    pub existing: Option<String>,
    /// What the tests import; empty where they need not.
    pub module: String,
    /// Whether the tests stand in the file that they test.
    pub inline: bool,
}

/// The usual place, or the one that the project uses already.
pub fn of(
    root: &Root,
    path: &RelPath,
    framework: TestFramework,
    code: &str,
) -> TaskResult<TestPlace> {
    let (folder, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let beside =
        |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let is_folder = |name: &str| root.path().join(name).is_dir();
    let candidates: Vec<String> = match framework {
        TestFramework::Cargo => {
            let module = String::new();
            return Ok(TestPlace {
                path: path.clone(),
                existing: Some(code.to_owned()),
                module,
                inline: true,
            });
        }
        TestFramework::Pytest | TestFramework::Unittest => {
            let file = format!("test_{stem}.py");
            let mut all = vec![
                format!("tests/{file}"),
                format!("test/{file}"),
                beside(&format!("tests/{file}")),
                beside(&file),
            ];
            let usable =
                |one: &String| one.rsplit_once('/').is_none_or(|(folder, _)| is_folder(folder));
            all.retain(usable);
            all
        }
        TestFramework::GoTest => vec![beside(&format!("{stem}_test.go"))],
        TestFramework::JUnit4 | TestFramework::JUnit5 => {
            vec![beside(&format!("{stem}Test.java")).replacen("src/main/", "src/test/", 1)]
        }
        _ => {
            let file = format!("{stem}.test.{ending}");
            let mut all = vec![
                beside(&format!("__tests__/{file}")),
                beside(&file),
                format!("test/{file}"),
                format!("tests/{file}"),
            ];
            let there = all.iter().find(|one| root.path().join(one).is_file()).cloned();
            let usable =
                |one: &String| one.rsplit_once('/').is_none_or(|(folder, _)| is_folder(folder));
            all.retain(usable);
            // Beside the code only where no folder is for tests.
            all.sort_by_key(|one| *one == beside(&file));
            there.into_iter().chain(all).collect()
        }
    };
    let there = candidates.iter().find(|one| root.path().join(one).is_file());
    let chosen =
        there.or(candidates.first()).cloned().unwrap_or_else(|| beside(&format!("test_{name}")));
    let path_of_tests = RelPath::new(&chosen)?;
    let place = root.resolve(&path_of_tests)?;
    let existing = if place.is_file() { Some(read_text(&place, MOST_BYTES)?) } else { None };
    let module = match framework {
        TestFramework::Pytest | TestFramework::Unittest => python_module(path.as_str()),
        TestFramework::GoTest | TestFramework::JUnit4 | TestFramework::JUnit5 => String::new(),
        _ => stem.to_owned(),
    };
    Ok(TestPlace { path: path_of_tests, existing, module, inline: false })
}

/// `src/app/core/__init__.py` is `app.core`.
fn python_module(path: &str) -> String {
    let path = path.strip_suffix(".py").unwrap_or(path);
    let path = ["src/", "lib/"].iter().find_map(|start| path.strip_prefix(start)).unwrap_or(path);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    path.replace('/', ".")
}

impl TestPlace {
    /// The file with the new tests; the error says what is wrong with them, for
    /// the model.
    pub fn with(&self, block: &str, code: &str) -> Result<String, String> {
        if !self.inline {
            return Ok(block.to_owned());
        }
        let functions = rust_functions(block)?;
        let indented =
            |text: &str| -> String {
                text.lines()
                    .map(|line| {
                        if line.trim().is_empty() {
                            "\n".to_owned()
                        } else {
                            format!("    {line}\n")
                        }
                    })
                    .collect()
            };
        // Into the module that is there, before its last brace.
        if let Some(at) = code.find("#[cfg(test)]\nmod tests {") {
            let end = code[at..]
                .rfind("\n}")
                .map(|end| at + end + 1)
                .ok_or("the module of tests has no end")?;
            let known = test_names(code);
            if let Some(twice) =
                test_names(&functions).into_iter().find(|name| known.contains(name))
            {
                return Err(format!("there is a test `{twice}` already"));
            }
            let body = functions.lines().filter(|line| line.trim() != "use super::*;");
            let body: Vec<&str> = body.collect();
            return Ok(format!(
                "{}\n{}{}",
                &code[..end],
                indented(body.join("\n").trim_matches('\n')),
                &code[end..]
            ));
        }
        let uses = if functions.contains("use super::*;") { "" } else { "    use super::*;\n\n" };
        let body = indented(functions.trim_matches('\n'));
        Ok(format!("{}\n\n#[cfg(test)]\nmod tests {{\n{uses}{body}}}\n", code.trim_end()))
    }
}

/// What stands in the module of tests that a model wrote, or all of it where it
/// wrote none.
fn rust_functions(block: &str) -> Result<String, String> {
    let Some(at) = block.find("mod tests {") else {
        if block.contains("#[test]") || block.contains("proptest!") {
            return Ok(block.to_owned());
        }
        return Err("there is no function with #[test] in it".to_owned());
    };
    let inner = &block[at + "mod tests {".len()..];
    let end = inner.rfind('}').ok_or("the module of tests has no end")?;
    let lines: Vec<&str> = inner[..end].lines().collect();
    let margin = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min();
    let margin = margin.unwrap_or(0);
    let cut = lines.iter().map(|line| line.get(margin..).unwrap_or_default());
    Ok(cut.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned() + "\n")
}

/// The names of the tests in a text, in the way of any of the frameworks.
pub fn test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let named = |rest: &str| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_owned()
        };
        if let Some(rest) = line.strip_prefix("def test_") {
            names.push(format!("test_{}", named(rest)));
        } else if let Some(rest) = line.strip_prefix("func Test") {
            names.push(format!("Test{}", named(rest)));
        } else if line == "#[test]"
            && let Some(rest) = lines.peek().and_then(|next| next.strip_prefix("fn "))
        {
            names.push(named(rest));
        } else if let Some(rest) =
            ["it(", "test("].iter().find_map(|start| line.strip_prefix(start))
        {
            let quote = rest.chars().next().filter(|c| "\"'`".contains(*c));
            if let Some(inner) = quote.and_then(|quote| rest[1..].split(quote).next()) {
                names.push(inner.to_owned());
            }
        }
    }
    names
}
