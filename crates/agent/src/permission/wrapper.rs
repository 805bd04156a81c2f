//! Programs that run the command that they are given.

use super::shell::{SimpleCommand, Unsure, parse};

/// How deep a command may lie in others.
const DEPTH: usize = 8;

/// Programs that give more rights.
const RAISERS: [&str; 6] = ["sudo", "doas", "pkexec", "su", "run0", "chroot"];

/// The commands that a line really runs: those inside `env`, `timeout`,
/// `sh -c` and the like in place of these. Where it cannot be told, or where
/// the outer command matters too, the outer one stays beside it.
pub fn commands(line: &str) -> Result<Vec<SimpleCommand>, Unsure> {
    let mut all = Vec::new();
    for command in parse(line)? {
        unwrap(command, DEPTH, &mut all)?;
    }
    Ok(all)
}

/// The name of a program without its folder.
pub fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The program's name, where it is one of the system's.
pub fn system_name(program: &str) -> Option<&str> {
    let name = base_name(program);
    let folder = &program[..program.len() - name.len()];
    ["", "/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"]
        .contains(&folder)
        .then_some(name)
}

fn unwrap(
    command: SimpleCommand,
    depth: usize,
    all: &mut Vec<SimpleCommand>,
) -> Result<(), Unsure> {
    if depth == 0 {
        return Err(Unsure("commands lie very deep in one another"));
    }
    let Some(program) = command.words.first() else {
        all.push(command);
        return Ok(());
    };
    let name = base_name(program).to_owned();
    let arguments = &command.words[1..];
    match name.as_str() {
        "eval" | "source" | "." | "trap" | "alias" | "parallel" | "watch" | "script" | "ssh"
        | "entr" | "flock" | "strace" | "gdb" | "busybox" | "unshare" | "nsenter" | "setpriv"
        | "systemd-run" | "at" | "batch" | "crontab" | "expect" | "tmux" | "screen" | "zsh"
        | "ksh" | "fish" | "csh" | "tcsh" | "ionice" | "taskset" | "chrt" | "prlimit" => {
            Err(Unsure("it runs what it is given in a way that is not looked through"))
        }
        "sh" | "bash" | "dash" => {
            let Some(script) = script(arguments)? else {
                all.push(command);
                return Ok(());
            };
            if !command.assignments.is_empty() {
                return Err(Unsure("it sets variables for a shell"));
            }
            outer_redirects(&command, all);
            for inner in parse(script)? {
                unwrap(inner, depth - 1, all)?;
            }
            Ok(())
        }
        "env" => {
            let (assignments, rest) = environment(arguments)?;
            if rest.is_empty() {
                all.push(command);
                return Ok(());
            }
            let assignments = [command.assignments.clone(), assignments].concat();
            inner(&command, assignments, rest, false, depth, all)
        }
        "xargs" => {
            let rest = skip(arguments, &["-n", "-P", "-L", "-I", "-d", "-s", "-E"], "0rtxp")?;
            if rest.is_empty() {
                return Err(Unsure("`xargs` has no command"));
            }
            inner(&command, command.assignments.clone(), rest, true, depth, all)
        }
        "find" | "fd" | "fdfind" => {
            let starts =
                ["-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"];
            if let Some(at) = arguments.iter().position(|word| starts.contains(&word.as_str())) {
                let rest = &arguments[at + 1..];
                inner(&command, command.assignments.clone(), rest, true, depth, all)?;
            }
            all.push(command);
            Ok(())
        }
        _ if RAISERS.contains(&name.as_str()) => {
            let rest = skip(arguments, &["-u", "-g", "-U", "-C", "-p", "-h"], "EHnbkiSsA")
                .unwrap_or_default();
            if !rest.is_empty() {
                inner(&command, command.assignments.clone(), rest, true, depth, all)?;
            }
            all.push(command);
            Ok(())
        }
        _ => match prefix(&name, arguments)? {
            Some(rest) if !rest.is_empty() => {
                inner(&command, command.assignments.clone(), rest, false, depth, all)
            }
            _ => {
                all.push(command);
                Ok(())
            }
        },
    }
}

/// The words behind a program that only changes how another one runs.
fn prefix<'a>(name: &str, arguments: &'a [String]) -> Result<Option<&'a [String]>, Unsure> {
    Ok(Some(match name {
        // They tell where a program is.
        "command" if arguments.first().is_some_and(|word| word == "-v" || word == "-V") => {
            return Ok(None);
        }
        "command" | "builtin" | "exec" | "nohup" | "setsid" => skip(arguments, &[], "")?,
        "nice" => skip(arguments, &["-n"], "")?,
        "stdbuf" => skip(arguments, &["-i", "-o", "-e"], "")?,
        "timeout" => {
            let rest = skip(arguments, &["-k", "-s"], "v")?;
            rest.get(1..).ok_or(Unsure("`timeout` has no command"))?
        }
        _ => return Ok(None),
    }))
}

/// The words behind options: `valued` take the next word, where nothing is
/// written to them; clusters of `plain` letters stand alone.
fn skip<'a>(words: &'a [String], valued: &[&str], plain: &str) -> Result<&'a [String], Unsure> {
    let mut rest = words;
    while let [first, behind @ ..] = rest {
        let Some(letters) = first.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        if letters == "-" {
            return Ok(behind);
        }
        if valued.contains(&first.as_str()) {
            rest = behind.get(1..).ok_or(Unsure("an option has no value"))?;
        } else if valued.iter().any(|option| first.starts_with(option))
            || letters.chars().all(|letter| plain.contains(letter))
            || ["-preserve-status", "-foreground", "-null", "-no-run-if-empty"].contains(&letters)
        {
            rest = behind;
        } else {
            return Err(Unsure("an option is not known"));
        }
    }
    Ok(rest)
}

/// The variables that `env` sets, and the words behind them.
type Set<'a> = (Vec<(String, String)>, &'a [String]);

fn environment(arguments: &[String]) -> Result<Set<'_>, Unsure> {
    let mut rest = skip(arguments, &["-u"], "i")?;
    if let [first, behind @ ..] = rest
        && first == "-"
    {
        rest = behind;
    }
    let mut assignments = Vec::new();
    while let [first, behind @ ..] = rest
        && let Some((name, value)) = first.split_once('=')
    {
        assignments.push((name.to_owned(), value.to_owned()));
        rest = behind;
    }
    Ok((assignments, rest))
}

/// The script of a shell; nothing where it runs a file.
fn script(arguments: &[String]) -> Result<Option<&str>, Unsure> {
    let mut rest = arguments;
    while let [first, behind @ ..] = rest {
        match first.as_str() {
            "-o" if behind.first().is_some_and(|option| option == "pipefail") => {
                rest = &behind[1..];
            }
            option if option.starts_with('-') && option.len() > 1 => {
                if !option[1..].chars().all(|letter| "euxc".contains(letter)) {
                    return Err(Unsure("a shell has an option that is not known"));
                }
                if option.contains('c') {
                    let script = behind.first().ok_or(Unsure("a shell has no script"))?;
                    return Ok(Some(script));
                }
                rest = behind;
            }
            _ => return Ok(None),
        }
    }
    Err(Unsure("a shell reads what it runs from elsewhere"))
}

fn inner(
    outer: &SimpleCommand,
    assignments: Vec<(String, String)>,
    words: &[String],
    is_open: bool,
    depth: usize,
    all: &mut Vec<SimpleCommand>,
) -> Result<(), Unsure> {
    let is_open = is_open || outer.is_open;
    let (redirects, patterns) = (outer.redirects.clone(), outer.patterns.clone());
    let words = words.to_vec();
    unwrap(SimpleCommand { assignments, words, patterns, redirects, is_open }, depth - 1, all)
}

/// The files of a command whose words have been replaced by others.
fn outer_redirects(command: &SimpleCommand, all: &mut Vec<SimpleCommand>) {
    if !command.redirects.is_empty() {
        let redirects = command.redirects.clone();
        all.push(SimpleCommand { redirects, ..SimpleCommand::default() });
    }
}
