use std::path::Path;

use super::*;

fn flaw(text: &str) -> String {
    let error = Workflow::read(Path::new("ci.toml"), text).unwrap_err();
    let help = mlxcode_base::Diagnostic::help(&error).unwrap_or_default();
    format!("{error}; {help}")
}

const WHOLE: &str = r#"description = "Checks and commits."

[variables]
base = "main"
strict = true

[[steps]]
name = "lint"
run = "ruff check {{ base }}"
save = "lint"
allow_failure = true

[[steps]]
if = "not lint.ok"
edit = "mend this:\n{{ lint.output }}"
files = ["a.py"]

[[steps]]
check = "pytest"
fix = true
steps = 3

[[steps]]
foreach = "changed_files"
unless = "'test' in item"
test = "{{ item }}"

[[steps]]
review = "{{ base }}"
fail_on = "error"

[[steps]]
commit = true
"#;

#[test]
fn a_workflow_is_read() {
    let workflow = Workflow::read(Path::new("ci.toml"), WHOLE).unwrap();
    let keys: Vec<_> = workflow.steps.iter().map(|step| step.action.key()).collect();
    assert_eq!(keys, ["run", "edit", "check", "test", "review", "commit"]);
    assert_eq!(workflow.steps[0].title(), "lint");
    assert_eq!(workflow.steps[2].title(), "check pytest");
    assert_eq!(workflow.steps[1].line, 13);
    assert_eq!(
        workflow.variables,
        [("base".into(), "main".into()), ("strict".into(), "yes".into())]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_may_be_meant() {
    for (text, expect) in [
        ("", "ci.toml:1: there are no steps"),
        ("stpes = 1\n", "ci.toml:1: there is no key `stpes`; did you mean `steps`?"),
        (
            "[[steps]]\nrun = 'a'\n\n[[steps]]\nrn = 'b'\n",
            "ci.toml:5: there is no key `rn`; did you mean `run`?",
        ),
        ("[[steps]]\nname = 'x'\n", "ci.toml:1: the step does nothing"),
        ("[[steps]]\nrun = 'x'\nask = 'y'\n", "ci.toml:1: the step has `ask` and `run`"),
        ("[[steps]]\nrun = 1\n", "ci.toml:2: `run` has to be a text"),
        ("[[steps]]\nrun = 'x'\nfix = true\n", "ci.toml:3: `fix` belongs to a step with `check`"),
        ("[[steps]]\nif = 'lint.ok'\nrun = 'x'\n", "ci.toml:2: nothing before defines `lint`"),
        (
            "[[steps]]\nsave = 'lint'\nrun = 'x'\n[[steps]]\nask = '{{ lnit.output }}'\n",
            "ci.toml:5: nothing before defines `lnit`; did you mean `lint`?",
        ),
        ("[[steps]]\nask = '{{ item }}'\n", "ci.toml:2: nothing before defines `item`"),
        ("[[steps]]\nask = '{{ x'\n", "ci.toml:2: `{{ x` cannot be read"),
        ("[[steps]]\nif = '1 +'\nask = 'x'\n", "ci.toml:2: `1 +` cannot be read"),
        (
            "[[steps]]\nreview = 'staged'\nfail_on = 'eror'\n",
            "ci.toml:3: there is no severity `eror`; did you mean `error`?",
        ),
        ("[[steps]]\nsave = 'a b'\nrun = 'x'\n", "ci.toml:2: `a b` cannot be a name"),
        ("[[steps]]\ncommit = false\n", "ci.toml:2: `commit` has to be true or a message"),
        ("[[steps]]\nrun = 'x\n", "ci.toml:2: "),
        ("steps = 1\n", "ci.toml:1: `steps` has to be a list"),
    ] {
        assert!(flaw(text).starts_with(expect), "{text}\n{}", flaw(text));
    }
}
