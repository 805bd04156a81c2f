use mlxcode_base::CancelToken;
use mlxcode_models::ScriptedModel;

use super::*;

#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
fn proposed(
    files: &[(&str, &str)],
    replies: &[&str],
    options: &TestOptions,
) -> (TaskResult<ProposedTests>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let place = folder.path().join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
    let root = Root::open(folder.path()).unwrap();
    let model = ScriptedModel::new(replies.iter().copied());
    let cancel = CancelToken::new();
    let path = RelPath::new(files[0].0).unwrap();
    let found =
        write_tests(&root, &path, &mut Asker::new(&model, &cancel), &Prompts::default(), options);
    let prompts = model.prompts().into_iter().map(|prompt| {
        prompt.as_messages().iter().map(|one| one.content.clone()).collect::<Vec<_>>().join("\n")
    });
    (found, prompts.collect())
}

fn content(tests: &ProposedTests) -> String {
    let Some(FileOperation::Create { content, .. } | FileOperation::Write { content, .. }) =
        &tests.operation
    else {
        panic!()
    };
    String::from_utf8(content.clone()).unwrap()
}

#[test]
fn the_framework_is_the_project_s() {
    let python = ("src/app/port.py", "def port():\n    return 1\n");
    let script = ("src/port.ts", "export const port = 1;\n");
    let pytest = "from app.port import port\n\n\ndef test_port():\n    assert port() == 1\n";
    let unit = "import unittest\nfrom app.port import port\n\nclass T(unittest.TestCase):\n    def test_port(self):\n        self.assertEqual(port(), 1)\n";
    let vitest = "import { port } from \"../src/port\";\nit(\"is one\", () => {});\n";
    for (files, reply, framework, path) in [
        (
            vec![python, ("pyproject.toml", "dev = ['pytest']"), ("tests/x.py", "")],
            pytest,
            TestFramework::Pytest,
            "tests/test_port.py",
        ),
        (vec![python], unit, TestFramework::Unittest, "src/app/test_port.py"),
        (
            vec![
                script,
                ("package.json", "{\"devDependencies\": {\"vitest\": \"4\"}}"),
                ("test/x", ""),
            ],
            vitest,
            TestFramework::Vitest,
            "test/port.test.ts",
        ),
        (
            vec![script, ("package.json", "{\"devDependencies\": {\"jest\": \"4\"}}")],
            vitest,
            TestFramework::Jest,
            "src/port.test.ts",
        ),
        (
            vec![("a/b.go", "package a\n"), ("go.mod", "module x\n")],
            "package a\n\nimport \"testing\"\n\nfunc TestB(t *testing.T) {}\n",
            TestFramework::GoTest,
            "a/b_test.go",
        ),
        (
            vec![
                ("src/main/java/x/A.java", "class A {}\n"),
                ("pom.xml", "<artifactId>junit</artifactId>"),
            ],
            "class ATest {\n    @Test\n    public void a() {}\n}\n",
            TestFramework::JUnit4,
            "src/test/java/x/ATest.java",
        ),
    ] {
        let (found, _) =
            proposed(&files, &[&format!("Here:\n```\n{reply}```\n")], &TestOptions::default());
        let found = found.unwrap();
        assert_eq!((found.framework, found.path.as_str(), found.tests), (framework, path, 1));
        assert_eq!(content(&found), reply);
    }
}

#[test]
fn tests_of_rust_stand_in_the_file() {
    let code = "pub fn one() -> u8 {\n    1\n}\n";
    let reply = "```rust\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn is_one() {\n        assert_eq!(one(), 1);\n    }\n}\n```";
    let (found, _) = proposed(&[("src/lib.rs", code)], &[reply], &TestOptions::default());
    let first = content(&found.unwrap());
    assert_eq!(
        first,
        format!("{code}\n{}\n", reply.trim_start_matches("```rust\n").trim_end_matches("\n```"))
    );
    // Into the module that is there, where the name is free.
    let more = "```rust\n#[test]\nfn is_one() {}\n```";
    let other = "```rust\n#[test]\nfn is_not_two() {\n    assert_ne!(one(), 2);\n}\n```";
    let (found, prompts) =
        proposed(&[("src/lib.rs", &first)], &[more, other], &TestOptions::default());
    let second = content(&found.unwrap());
    assert!(
        second.ends_with(
            "    }\n\n    #[test]\n    fn is_not_two() {\n        assert_ne!(one(), 2);\n    }\n}\n"
        ),
        "{second}"
    );
    assert!(prompts[1].contains("there is a test `is_one` already"), "{}", prompts[1]);
}

#[test]
fn an_answer_that_is_no_test_is_refused() {
    let files = [
        ("port.py", "def port():\n    return 1\n"),
        ("test_port.py", "import port\n\ndef test_old():\n    assert port.port()\n"),
    ];
    for (reply, reason) in [
        ("I cannot.", "does not parse"),
        ("```python\nimport port\nx = 1\n```", "no test of unittest"),
        (
            "```python\ndef test_x():\n    pass\n\ndef test_old():\n    pass\n```",
            "does not import `port`",
        ),
        ("```python\nimport port\ndef test_x(:\n```", "does not parse"),
        (
            "```python\nimport port\ndef test_x():\n    pass\n```",
            "`test_old` that is there is left out",
        ),
    ] {
        let (found, prompts) = proposed(&files, &[reply, reply], &TestOptions::default());
        let error = found.unwrap_err();
        assert!(error.to_string().contains(reason), "{reply}: {error}");
        assert!(prompts[1].contains(reason), "{}", prompts[1]);
    }
}

#[test]
fn libraries_that_are_missing_are_told() {
    let mut options = TestOptions::default();
    (options.property, options.mock) = (true, true);
    let reply = "```python\nfrom port import port\ndef test_x():\n    pass\n```";
    let (found, prompts) = proposed(
        &[("port.py", "def port():\n    return 1\n"), ("pytest.ini", "")],
        &[reply],
        &options,
    );
    assert_eq!(found.unwrap().missing, ["hypothesis"]);
    assert!(
        prompts[0].contains("@given") && prompts[0].contains("unittest.mock"),
        "{}",
        prompts[0]
    );
}
