use proptest::prelude::*;

use super::*;

/// The words of each command, its variables in front and its files behind.
fn told(line: &str) -> Result<Vec<String>, Unsure> {
    let one = |command: &SimpleCommand| {
        let set = command.assignments.iter().map(|(name, value)| format!("{name}:={value}"));
        let files = command
            .redirects
            .iter()
            .map(|file| format!("{}{}", if file.writes { '>' } else { '<' }, file.path));
        let words = command.words.iter().map(|word| format!("[{word}]"));
        set.chain(words).chain(files).collect::<String>()
    };
    parse(line).map(|commands| commands.iter().map(one).collect())
}

#[test]
fn words_and_commands_are_those_of_a_shell() {
    for (line, expect) in [
        ("git status", &["[git][status]"][..]),
        ("  git\t status  ", &["[git][status]"]),
        ("a; b", &["[a]", "[b]"]),
        ("a;", &["[a]"]),
        ("a && b || c | d & e", &["[a]", "[b]", "[c]", "[d]", "[e]"]),
        ("a &", &["[a]"]),
        ("a\nb\n\nc\n", &["[a]", "[b]", "[c]"]),
        ("a &&\n  b", &["[a]", "[b]"]),
        ("a |\nb", &["[a]", "[b]"]),
        ("a \\\n  b", &["[a][b]"]),
        ("a\\\nb c", &["[ab][c]"]),
        ("a # b; rm", &["[a]"]),
        ("a #b\nc", &["[a]", "[c]"]),
        ("a b#c", &["[a][b#c]"]),
        ("a ''", &["[a][]"]),
        ("a 'b; c' \"d | e\"", &["[a][b; c][d | e]"]),
        ("a 'b'\"c\"d", &["[a][bcd]"]),
        ("a \"it's\" 'say \"x\"'", &["[a][it's][say \"x\"]"]),
        ("a b\\ c \\; \\'", &["[a][b c][;][']"]),
        ("a \"b\\\"c\\\\d\\ne\"", &["[a][b\"c\\d\\ne]"]),
        ("a '$HOME' '`b`' \"\\$x\"", &["[a][$HOME][`b`][$x]"]),
        ("X=1 Y='2 3' a b=c", &["X:=1Y:=2 3[a][b=c]"]),
        ("X=1", &["X:=1"]),
        ("a > out", &["[a]>out"]),
        ("a >> out 2>&1 < in", &["[a]>out<in"]),
        ("a 2>err >|out b", &["[a][b]>err>out"]),
        ("a 2 >out", &["[a][2]>out"]),
        ("a 2>/dev/null", &["[a]>/dev/null"]),
        ("a >& -", &["[a]"]),
        ("> out", &[">out"]),
        ("a x*.rs src/[ab]?", &["[a][x*.rs][src/[ab]?]"]),
        ("a -- '*' \\*", &["[a][--][*][*]"]),
        ("a --format='%h %s'", &["[a][--format=%h %s]"]),
        ("'git' \"status\"", &["[git][status]"]),
        ("g\\it sta''tus", &["[git][status]"]),
        ("a ~/x", &["[a][~/x]"]),
        ("a ä€🦀", &["[a][ä€🦀]"]),
    ] {
        assert_eq!(
            told(line).as_deref(),
            Ok(&expect.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()[..]),
            "{line:?}"
        );
    }
}

#[test]
fn what_is_not_sure_is_not_read() {
    for line in [
        "",
        "   ",
        "\n",
        "# only a comment",
        "a $(rm)",
        "a `rm`",
        "a \"$(rm)\"",
        "a \"`rm`\"",
        "a $HOME",
        "a ${X:-$(rm)}",
        "a \"$X\"",
        "a $'x'",
        "a $((1))",
        "$X",
        "(a)",
        "a (b)",
        "f() { a; }",
        "{ a; }",
        "a {b,c}",
        "a {1..3}",
        "a @(b|c)",
        "if a; then b; fi",
        "for x in a; do b; done",
        "while a; do b; done",
        "case a in b) c;; esac",
        "! a",
        "time a",
        "[[ a ]]",
        "a <<E\nb\nE",
        "a <<< b",
        "a <(b)",
        "a >(b)",
        "a &> b",
        "a &>> b",
        "a |& b",
        "a >&b",
        "a >& b",
        "a <> b",
        "a > *",
        "a >",
        "a > ''",
        "a <",
        "a 'b",
        "a \"b",
        "a \\",
        "a \"b\\",
        "; a",
        "a ;; b",
        "&& a",
        "a && && b",
        "a && ; b",
        "| a",
        "a &&",
        "a |",
        "& a",
        "a || | b",
        "* a",
        "a *",
        "a ?x",
        "a -*",
        "a --x=*",
        "l* -la",
        "a [x]",
        "[ -f x ]",
        "X+=1 a",
        "X[0]=1 a",
        "1X=2 a",
        "PATH\\=x",
        "a\0b",
        "a\rb",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{1b}[2Kb",
        "a\u{85}b",
    ] {
        // A backslash or a quote in the name of a variable makes it a word.
        if line == "PATH\\=x" {
            assert_eq!(told(line).unwrap(), ["[PATH=x]"]);
            continue;
        }
        assert!(parse(line).is_err(), "{line:?}: {:?}", parse(line));
    }
    assert!(parse(&"a ".repeat(MOST_BYTES)).is_err());
    assert!(parse(&"a;".repeat(MOST_COMMANDS + 1)).is_err());
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("'{}' ", word.replace('\'', "'\\''"))).collect()
}

proptest! {
    #[test]
    fn quoted_words_come_back(words in prop::collection::vec("[ -~\n\tä]{0,8}", 1..5)) {
        prop_assume!(!words[0].is_empty() && !RESERVED.contains(&words[0].as_str()));
        let commands = parse(&quoted(&words)).unwrap();
        prop_assert_eq!(commands.len(), 1);
        prop_assert_eq!(&commands[0].words, &words);
    }

    #[test]
    fn any_text_is_read_or_refused(line in "\\PC{0,60}") {
        let _ = parse(&line);
    }

    #[test]
    fn any_line_of_signs_is_read_or_refused(line in "[ab;&|<>()'\"\\\\$`#*={}\n 12-]{0,24}") {
        let _ = parse(&line);
    }
}

/// What is read is what shells make of it: they are asked.
#[cfg(unix)]
#[test]
#[allow(clippy::disallowed_methods, reason = "asks the shells that are here")]
fn shells_read_the_same_words() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let temp = tempfile::tempdir().unwrap();
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = "[abx ;#=*?'\"\\\\\n\t-]{0,14}";
    let mut lines = Vec::new();
    while lines.len() < 300 {
        let line = format!("set -- {}", strategy.new_tree(&mut runner).unwrap().current());
        if let Ok(commands) = parse(&line)
            && let [one] = commands.as_slice()
            && one.redirects.is_empty()
            && one.assignments.is_empty()
        {
            lines.push((line, one.words[2..].to_vec()));
        }
    }
    for shell in ["/bin/sh", "/bin/bash"] {
        if !std::path::Path::new(shell).exists() {
            continue;
        }
        // A marker between, since a line may end in a comment.
        let script: String = lines
            .iter()
            .map(|(line, _)| format!("{line}\nprintf '%s\\001' \"$#\" \"$@\"; printf '\\002'\n"))
            .collect();
        let output = std::process::Command::new(shell)
            .args(["-c", &script])
            .current_dir(temp.path())
            .env_clear()
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut told = text.split('\u{2}');
        for (line, words) in &lines {
            let count = words.len().to_string();
            let expect: String =
                std::iter::once(&count).chain(words).map(|word| format!("{word}\u{1}")).collect();
            assert_eq!(told.next(), Some(expect.as_str()), "{shell}: {line:?}");
        }
    }
}
