use mlxcode_models::ScriptedModel;

use super::*;
use mlxcode_base::CancelToken;

const REPLY: &str = "SUMMARY: Opens a port\nPARAM number: The port's number, which has to be free when this is called and must not lie outside of what the system allows.\nPARAM wrong: Not there.\nRETURNS: The port.\nERROR ValueError: When the number is taken.\n";

#[allow(clippy::disallowed_methods, reason = "tests make the files they need")]
fn documented(name: &str, text: &str, replies: &[&str]) -> TaskResult<Documented> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let root = Root::open(folder.path()).unwrap();
    let model = ScriptedModel::new(replies.iter().copied());
    let cancel = CancelToken::new();
    let path = RelPath::new(name).unwrap();
    document(
        &root,
        &path,
        &mut Asker::new(&model, &cancel),
        &Prompts::default(),
        &DocumentOptions::default(),
    )
}

#[test]
fn each_language_has_its_own_comments() {
    for (name, before, after) in [
        (
            "a.rs",
            "#[must_use]\npub fn open(number: u16) -> Port {\n    todo!()\n}\n",
            "/// Opens a port.\n///\n/// # Errors\n/// `ValueError`: When the number is taken.\n#[must_use]\npub fn open(number: u16) -> Port {\n    todo!()\n}\n",
        ),
        (
            "a.py",
            "class Port:\n    \"\"\"A port.\"\"\"\n\n    def open(self, number: int = (1 if True else 2)):  # now\n        return number\n",
            "class Port:\n    \"\"\"A port.\"\"\"\n\n    def open(self, number: int = (1 if True else 2)):  # now\n        \"\"\"Opens a port.\n\n        Args:\n            number: The port's number, which has to be free when this is called and must\n                not lie outside of what the system allows.\n\n        Returns:\n            The port.\n\n        Raises:\n            ValueError: When the number is taken.\n        \"\"\"\n        return number\n",
        ),
        (
            "a.go",
            "package a\n\nfunc Open(number int) int {\n\treturn number\n}\n",
            "package a\n\n// Open opens a port.\n//\n// ValueError: When the number is taken.\nfunc Open(number int) int {\n\treturn number\n}\n",
        ),
        (
            "a.ts",
            "export function open(number: number) {\n  return number;\n}\n",
            "/**\n * Opens a port.\n *\n * @param number - The port's number, which has to be free when this is called and must\n *     not lie outside of what the system allows.\n * @returns The port.\n * @throws ValueError When the number is taken.\n */\nexport function open(number: number) {\n  return number;\n}\n",
        ),
        (
            "a.rb",
            "def open(number)\n  number\nend\n",
            "# Opens a port.\n# @param number The port's number, which has to be free when this is called and must not\n#     lie outside of what the system allows.\n# @return The port.\n# @raise ValueError When the number is taken.\ndef open(number)\n  number\nend\n",
        ),
    ] {
        let found = documented(name, before, &[REPLY]).unwrap();
        assert_eq!(found.text, after, "{name}");
        assert_eq!(found.added.len(), 1, "{found:?}");
    }
}

#[test]
fn a_file_keeps_its_own_form() {
    let numpy = "def a(x):\n    \"\"\"A.\n\n    Parameters\n    ----------\n    x\n        X.\n    \"\"\"\n\n\ndef open(number):\n    return number\n";
    let text = documented("a.py", numpy, &[REPLY]).unwrap().text;
    assert!(
        text.contains("    Parameters\n    ----------\n    number\n        The port's"),
        "{text}"
    );
    let rest = "def a(x):\n    \"\"\"A.\n\n    :param x: X.\n    \"\"\"\n\n\ndef open(number):\n    return number\n";
    let text = documented("a.py", rest, &[REPLY]).unwrap().text;
    assert!(text.contains("    :raises ValueError: When the number is taken.\n"), "{text}");
}

#[test]
fn an_answer_that_would_end_the_comment_does_not() {
    let code = "export function open(number: number) {\n  return number;\n}\n";
    let reply = "SUMMARY: Opens */ alert(1) /* it\nDETAILS: \"\"\" x";
    let text = documented("a.ts", code, &[reply]).unwrap().text;
    assert!(text.ends_with(code) && text.matches("*/").count() == 1, "{text}");
    let python = "def open(number):\n    return number\n";
    let text = documented(
        "a.py",
        python,
        &["SUMMARY: Open.\nDETAILS: \"\"\"\nimport os\nos.remove('x')\n"],
    )
    .unwrap()
    .text;
    assert!(!text.contains("import os"), "{text}");
    let text = documented("a.py", python, &["SUMMARY: Match `\\d`."]).unwrap().text;
    assert!(text.contains("r\"\"\"Match `\\d`.\"\"\""), "{text}");
}

#[test]
fn what_is_documented_or_has_no_place_is_left() {
    let error = documented("a.py", "def a():\n    \"\"\"A.\"\"\"\n", &[]).unwrap_err();
    assert!(error.to_string().contains("all of a.py is documented"), "{error}");
    assert!(documented("a.json", "{}", &[]).is_err());
    let error = documented("a.py", "def a(): return 1\n", &[]).unwrap_err();
    assert!(matches!(error, TaskError::NoAnswer { .. }), "{error:?}");
    let found = documented(
        "a.py",
        "def a():\n    return 1\n\ndef b():\n    return 2\n",
        &["```\n```", "Gives two."],
    )
    .unwrap();
    assert_eq!((found.added, found.left_out.len()), (vec!["b".to_owned()], 1));
}
