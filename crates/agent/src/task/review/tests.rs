use super::finding::RawFinding;
use super::place::{Placed, place};
use super::read::read;
use super::shown::ShownFile;
use super::*;

const CODE: &str = "def first(items):\n    value = items[0]\n    return value\n\ndef last(items):\n    return items[-1]\n";

fn file() -> ShownFile {
    ShownFile::whole("src/port.py", CODE.to_owned())
}

fn told(finding: &RawFinding) -> (String, Option<usize>, Option<Severity>, String, Option<String>) {
    let RawFinding { path, line, severity, title, fix, .. } = finding.clone();
    (path, line, severity, title, fix)
}

#[test]
fn replies_are_read_however_they_are_written() {
    let fix = Some("    value = items[0] if items else None".to_owned());
    let expect = (
        "src/port.py".to_owned(),
        Some(2),
        Some(Severity::Error),
        "Empty lists crash".to_owned(),
        fix,
    );
    for reply in [
        "FINDING\npath: src/port.py\nline: 2\ncode: value = items[0]\nseverity: error\ntitle: Empty lists crash\nwhy: There is\nno first.\nfix:\n```python\n    value = items[0] if items else None\n```\n",
        "Here is what I found:\n\n### Finding 1\n- **Path:** `src/port.py`\n- **Line:** 2\n- **Severity:** High\n- **Title:** Empty lists crash\n- **Explanation:** There is no first.\n- **Fix:**\n```python\n    value = items[0] if items else None\n```\n",
        "```\nFINDING\npath: src/port.py:2\nseverity: critical\ntitle: Empty lists crash\nwhy: There is no first.\nfix:     value = items[0] if items else None\n```",
        "```json\n[{\"file\": \"src/port.py\", \"line\": 2, \"severity\": \"error\", \"title\": \"Empty lists crash\", \"description\": \"There is no first.\", \"fix\": \"    value = items[0] if items else None\"}]\n```",
        "{\"findings\": [{\"path\": \"src/port.py\", \"line\": \"2\", \"level\": \"error\", \"message\": \"Empty lists crash\", \"suggestion\": \"    value = items[0] if items else None\"}]}",
    ] {
        let found = read(reply);
        assert_eq!(found.findings.len(), 1, "{reply}\n{found:?}");
        let mut got = told(&found.findings[0]);
        got.4 = got.4.map(|fix| format!("    {}", fix.trim()));
        assert_eq!(got, expect, "{reply}");
    }
    let found = read(
        "src/port.py:2:5: error: Empty lists crash. There is no first.\n- `src/port.py:6` [warning] Same here\n",
    );
    let lines: Vec<_> =
        found.findings.iter().map(|one| (one.line, one.severity, one.title.as_str())).collect();
    assert_eq!(
        lines,
        [
            (Some(2), Some(Severity::Error), "Empty lists crash"),
            (Some(6), Some(Severity::Warning), "Same here")
        ]
    );
}

#[test]
fn several_findings_are_told_apart() {
    let found = read(
        "path: a\nline: 1\ntitle: x\n\npath: b\nline: 2-4\ntitle: y\nwhy: because\n---\nline: 3\ntitle: z\n",
    );
    let told: Vec<_> = found
        .findings
        .iter()
        .map(|one| (one.path.as_str(), one.line, one.last_line, one.title.as_str()))
        .collect();
    assert_eq!(
        told,
        [("a", Some(1), Some(1), "x"), ("b", Some(2), Some(4), "y"), ("", Some(3), Some(3), "z")]
    );
}

#[test]
fn an_answer_without_findings_is_understood_or_not() {
    for (reply, understood) in [
        ("NONE", true),
        ("None.", true),
        ("[]", true),
        ("The change looks good to me.", true),
        ("I found no issues in this change.", true),
        ("", false),
        ("The code adds a port.", false),
        ("{\"a\": [", false),
        ("```", false),
    ] {
        let read = read(reply);
        assert_eq!((read.understood, read.findings.len()), (understood, 0), "{reply}");
    }
}

fn raw(line: Option<usize>, code: &str, fix: Option<&str>) -> RawFinding {
    RawFinding {
        path: "port.py".to_owned(),
        line,
        last_line: line,
        title: "t".to_owned(),
        code: code.to_owned(),
        fix: fix.map(str::to_owned),
        ..RawFinding::default()
    }
}

#[test]
fn a_finding_is_moved_to_the_line_that_it_quotes() {
    let check = |line, code: &str, expect: Option<(usize, bool)>| {
        let placed = match place(raw(line, code, None), &[file()]) {
            Placed::Here(finding) => Some((finding.line, false)),
            Placed::Moved(finding) => Some((finding.line, true)),
            Placed::Dropped => None,
        };
        assert_eq!(placed, expect, "{line:?} {code}");
    };
    check(Some(2), "value = items[0]", Some((2, false)));
    check(Some(5), "    value = items[0]", Some((2, true)));
    check(None, "return items[-1]", Some((6, true)));
    check(Some(3), "", Some((3, false)));
    check(Some(3), "not there", Some((3, false)));
    check(Some(8), "", Some((6, true)));
    check(Some(80), "", None);
    check(Some(80), "}", None);
    check(None, "", None);
    let elsewhere = RawFinding { path: "other.py".to_owned(), ..raw(Some(2), "", None) };
    assert_eq!(place(elsewhere, &[file()]), Placed::Dropped);
}

#[test]
fn a_fix_is_taken_where_it_is_sure_to_fit() {
    let check = |line, fix: &str, expect: Option<&str>| {
        let (Placed::Here(finding) | Placed::Moved(finding)) =
            place(raw(Some(line), "", Some(fix)), &[file()])
        else {
            panic!()
        };
        assert_eq!(finding.suggestion.map(|one| one.after).as_deref(), expect, "{fix}");
    };
    check(
        2,
        "value = items[0] if items else None",
        Some("    value = items[0] if items else None"),
    );
    check(
        2,
        "\nif not items:\n    return None\nvalue = items[0]\n",
        Some("    if not items:\n        return None\n    value = items[0]"),
    );
    check(2, "Check whether the list is empty first", None);
    check(2, "value = items[0]", None);
    check(2, "value = items[0", None);
    check(2, "", None);
}

#[test]
fn a_suggestion_is_an_edit_that_applies() {
    let (Placed::Here(finding) | Placed::Moved(finding)) =
        place(raw(Some(6), "", Some("return items[-1] if items else None")), &[file()])
    else {
        panic!()
    };
    let items = mlxcode_edit::parse_reply(&finding.suggestion.unwrap().edit);
    let [mlxcode_edit::ParsedItem::Edit(edit)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(edit.path, "src/port.py");
}

#[test]
fn what_is_said_twice_is_joined() {
    let finding = |line: usize, title: &str, severity, explanation: &str| Finding {
        path: "a".to_owned(),
        line,
        last_line: line,
        severity,
        title: title.to_owned(),
        explanation: explanation.to_owned(),
        suggestion: None,
    };
    let (all, count) = join::joined(vec![
        finding(3, "Empty list crashes here", Severity::Note, "long explanation"),
        finding(4, "Empty list crashes", Severity::Error, "short"),
        finding(4, "Wrong name", Severity::Note, ""),
        finding(40, "Empty list crashes", Severity::Error, ""),
    ]);
    assert_eq!(count, 1);
    let told: Vec<_> =
        all.iter().map(|one| (one.line, one.severity, one.explanation.as_str())).collect();
    assert_eq!(
        told,
        [
            (4, Severity::Error, "long explanation"),
            (4, Severity::Note, ""),
            (40, Severity::Error, "")
        ]
    );
}

#[test]
fn any_reply_is_read_without_harm() {
    use proptest::prelude::*;
    let words = prop::sample::select(vec![
        "FINDING",
        "\n",
        "path:",
        " a.py",
        "line:",
        " 2",
        "-",
        "fix:",
        "```",
        "{",
        "}",
        "[",
        "]",
        "\"line\":",
        "**",
        "ü",
        ":",
        "error",
        "none",
        "999999999999999999999",
    ]);
    proptest!(|(parts in prop::collection::vec(words, 0..30))| {
        let read = read(&parts.concat());
        for one in read.findings {
            place(one, &[file()]);
        }
    });
}
