//! Which framework a project tests with, and what goes with it.

use std::path::Path;

use mlxcode_base::{Language, RelPath, Root};
use serde::Serialize;

use crate::task::text::read_text;

/// Files of a project that name its tools are short.
const MOST_BYTES: u64 = 1 << 20;

/// A framework of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are their names")]
pub enum TestFramework {
    Pytest,
    Unittest,
    Cargo,
    Jest,
    Vitest,
    Mocha,
    NodeTest,
    GoTest,
    JUnit5,
    JUnit4,
}

/// A framework, and the libraries beside it that the project names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    pub framework: TestFramework,
    /// What makes values up, and whether the project has it.
    pub property: Option<(&'static str, bool)>,
    /// What stands in for other code, and whether the project has it.
    pub mock: (&'static str, bool),
}

impl TestFramework {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pytest => "pytest",
            Self::Unittest => "unittest",
            Self::Cargo => "cargo test",
            Self::Jest => "Jest",
            Self::Vitest => "Vitest",
            Self::Mocha => "Mocha",
            Self::NodeTest => "node:test",
            Self::GoTest => "go test",
            Self::JUnit5 => "JUnit 5",
            Self::JUnit4 => "JUnit 4",
        }
    }

    /// The command that runs one file of tests, as arguments.
    pub fn command(self, file: &RelPath) -> Vec<String> {
        let stem = file.file_name().split('.').next().unwrap_or_default();
        let folder = file.as_str().rsplit_once('/').map_or(".", |(folder, _)| folder);
        let words: Vec<String> = match self {
            Self::Pytest => vec!["python".into(), "-m".into(), "pytest".into(), file.to_string()],
            Self::Unittest => {
                vec!["python".into(), "-m".into(), "unittest".into(), file.to_string()]
            }
            Self::Cargo => vec!["cargo".into(), "test".into()],
            Self::Jest => vec!["npx".into(), "jest".into(), file.to_string()],
            Self::Vitest => vec!["npx".into(), "vitest".into(), "run".into(), file.to_string()],
            Self::Mocha => vec!["npx".into(), "mocha".into(), file.to_string()],
            Self::NodeTest => vec!["node".into(), "--test".into(), file.to_string()],
            Self::GoTest => vec!["go".into(), "test".into(), format!("./{folder}")],
            Self::JUnit5 | Self::JUnit4 => {
                vec!["mvn".into(), "test".into(), format!("-Dtest={stem}")]
            }
        };
        words
    }

    /// What every test of it begins with: a file without any holds no test.
    pub fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Pytest | Self::Unittest => &["def test_"],
            Self::Cargo => &["#[test]", "proptest!"],
            Self::Jest | Self::Vitest | Self::Mocha | Self::NodeTest => &["test(", "it("],
            Self::GoTest => &["func Test"],
            Self::JUnit5 | Self::JUnit4 => &["@Test"],
        }
    }

    /// How tests are written with it, for a model.
    pub fn conventions(self) -> &'static str {
        match self {
            Self::Pytest => {
                "pytest: plain functions `test_…`, bare `assert`, `pytest.raises`, `pytest.mark.parametrize`."
            }
            Self::Unittest => {
                "unittest: a class that inherits `unittest.TestCase`, methods `test_…`, `self.assertEqual`, `self.assertRaises`."
            }
            Self::Cargo => {
                "Rust: a module `#[cfg(test)] mod tests` with `use super::*;` and functions with `#[test]`, `assert_eq!`."
            }
            Self::Jest => {
                "Jest: `describe`, `it` and `expect` are global; import the code under test."
            }
            Self::Vitest => {
                "Vitest: `import { describe, expect, it } from \"vitest\";` and the code under test."
            }
            Self::Mocha => {
                "Mocha: `describe` and `it` are global; `import assert from \"node:assert/strict\";`."
            }
            Self::NodeTest => {
                "node:test: `import test from \"node:test\"; import assert from \"node:assert/strict\";`."
            }
            Self::GoTest => {
                "Go: the same package, `import \"testing\"`, `func TestX(t *testing.T)`, tables of cases with `t.Run`."
            }
            Self::JUnit5 => {
                "JUnit 5: `import org.junit.jupiter.api.Test;`, static imports of `org.junit.jupiter.api.Assertions.*`, package-private methods."
            }
            Self::JUnit4 => {
                "JUnit 4: `import org.junit.Test;`, static imports of `org.junit.Assert.*`, public methods."
            }
        }
    }
}

/// A template for tests of properties.
pub fn property_template(library: &str) -> &'static str {
    match library {
        "hypothesis" => {
            "from hypothesis import given, strategies as st\n\n@given(st.lists(st.integers()))\ndef test_sorting_twice_changes_nothing(values):\n    once = sort(values)\n    assert sort(once) == once\n"
        }
        "proptest" => {
            "use proptest::prelude::*;\n\nproptest! {\n    #[test]\n    fn sorting_twice_changes_nothing(values in prop::collection::vec(any::<i32>(), 0..50)) {\n        let once = sort(&values);\n        prop_assert_eq!(sort(&once), once);\n    }\n}\n"
        }
        _ => {
            "import fc from \"fast-check\";\n\nit(\"changes nothing when it sorts twice\", () => {\n  fc.assert(fc.property(fc.array(fc.integer()), (values) => {\n    const once = sort(values);\n    expect(sort(once)).toEqual(once);\n  }));\n});\n"
        }
    }
}

/// How something stands in for other code.
pub fn mock_template(library: &str) -> &'static str {
    match library {
        "pytest-mock" => {
            "def test_x(mocker):\n    send = mocker.patch(\"package.module.send\", return_value=1)\n    ...\n    send.assert_called_once_with(2)\n"
        }
        "unittest.mock" => {
            "from unittest.mock import patch\n\nwith patch(\"package.module.send\", return_value=1) as send:\n    ...\nsend.assert_called_once_with(2)\n"
        }
        "mockall" => {
            "mockall::mock! { Sender {} impl Send for Sender { fn send(&self, n: u8) -> u8; } }\nlet mut sender = MockSender::new();\nsender.expect_send().with(mockall::predicate::eq(2)).returning(|_| 1);\n"
        }
        "jest.mock" => {
            "jest.mock(\"./sender\", () => ({ send: jest.fn(() => 1) }));\nexpect(send).toHaveBeenCalledWith(2);\n"
        }
        "vi.mock" => {
            "vi.mock(\"./sender\", () => ({ send: vi.fn(() => 1) }));\nexpect(send).toHaveBeenCalledWith(2);\n"
        }
        "sinon" => {
            "const send = sinon.stub(sender, \"send\").returns(1);\nsinon.assert.calledOnceWithExactly(send, 2);\n"
        }
        "node:test mock" => {
            "import { mock } from \"node:test\";\nconst send = mock.method(sender, \"send\", () => 1);\nassert.equal(send.mock.callCount(), 1);\n"
        }
        "Mockito" => {
            "Sender sender = mock(Sender.class);\nwhen(sender.send(2)).thenReturn(1);\nverify(sender).send(2);\n"
        }
        _ => "Write a small type of your own that implements the interface and notes its calls.\n",
    }
}

/// Reads which tools the project around a file names; `None` for a language
/// whose frameworks are not known here.
pub fn tools(root: &Root, path: &RelPath, language: Language) -> Option<Tools> {
    let near = |names: &[&str]| nearest(root, path, names);
    Some(match language {
        Language::Python => {
            let named = near(&[
                "pyproject.toml",
                "setup.cfg",
                "pytest.ini",
                "tox.ini",
                "requirements-dev.txt",
                "requirements.txt",
                "setup.py",
                "dev-requirements.txt",
            ]);
            let has_conftest = ["conftest.py", "tests/conftest.py", "pytest.ini"]
                .iter()
                .any(|name| is_file(root, name));
            let pytest = named.contains("pytest") || has_conftest;
            Tools {
                framework: if pytest { TestFramework::Pytest } else { TestFramework::Unittest },
                property: Some(("hypothesis", named.contains("hypothesis"))),
                mock: if named.contains("pytest-mock") {
                    ("pytest-mock", true)
                } else {
                    ("unittest.mock", true)
                },
            }
        }
        Language::Rust => {
            let named = near(&["Cargo.toml"]);
            Tools {
                framework: TestFramework::Cargo,
                property: Some(("proptest", named.contains("proptest"))),
                mock: ("mockall", named.contains("mockall")),
            }
        }
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let named = near(&["package.json"]);
            let has = |name: &str| named.contains(&format!("\"{name}\""));
            let framework = match () {
                () if has("vitest") => TestFramework::Vitest,
                () if has("jest") => TestFramework::Jest,
                () if has("mocha") => TestFramework::Mocha,
                () => TestFramework::NodeTest,
            };
            let mock = match framework {
                TestFramework::Vitest => ("vi.mock", true),
                TestFramework::Jest => ("jest.mock", true),
                TestFramework::Mocha => ("sinon", has("sinon")),
                _ => ("node:test mock", true),
            };
            Tools { framework, property: Some(("fast-check", has("fast-check"))), mock }
        }
        Language::Go => {
            Tools { framework: TestFramework::GoTest, property: None, mock: ("a fake", true) }
        }
        Language::Java => {
            let named = near(&["pom.xml", "build.gradle", "build.gradle.kts"]);
            let old =
                named.contains("junit:junit") || named.contains("<artifactId>junit</artifactId>");
            Tools {
                framework: if old && !named.contains("jupiter") {
                    TestFramework::JUnit4
                } else {
                    TestFramework::JUnit5
                },
                property: None,
                mock: ("Mockito", named.contains("mockito")),
            }
        }
        _ => return None,
    })
}

/// The texts of the files of these names in the nearest folder above a file
/// that has one.
fn nearest(root: &Root, path: &RelPath, names: &[&str]) -> String {
    let mut folder = path.as_path().parent();
    while let Some(at) = folder {
        let found: Vec<String> = names
            .iter()
            .filter_map(|name| read_text(&root.path().join(at).join(name), MOST_BYTES).ok())
            .collect();
        if !found.is_empty() {
            return found.join("\n");
        }
        folder = at.parent();
    }
    String::new()
}

fn is_file(root: &Root, name: &str) -> bool {
    root.path().join(Path::new(name)).is_file()
}
