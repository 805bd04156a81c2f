use super::super::wrapper::commands;
use super::*;

fn reads(line: &str) -> bool {
    commands(line).is_ok_and(|all| all.iter().all(only_reads))
}

#[test]
fn reading_commands_are_known() {
    for line in [
        "ls -la src", "cat a b", "head -n 3 x", "wc -l x", "/bin/ls", "/usr/bin/git status",
        "rg -n 'fn main' src", "rg --files", "grep -rn x src", "find . -name '*.rs' -type f", "fd -e rs",
        "sort -u x", "sort -k2 -n x", "uniq -c", "uniq x", "diff -u a b", "tree -L 2", "file x", "date +%F", "date",
        "sed -n '1,20p' x", "sed -n 5p x", "env", "pwd", "cd src", "echo a", "command -v cargo", "which cargo",
        "git status --short", "git diff --stat HEAD~1", "git log --oneline -n 5", "git show HEAD:x", "git -C sub log", "git --no-pager diff",
        "git blame x", "git ls-files", "git branch -a", "git branch", "git tag -l", "git remote -v", "git stash list",
        "git config --get user.name", "git rev-parse HEAD", "git grep -n x", "git reflog", "git worktree list",
        "cargo --version", "node --version", "python3 -V", "env LANG=C ls", "LC_ALL=C sort x", "timeout 5 ls", "nice -n 5 cat x",
        "sh -c 'ls; cat x'", "bash -euc 'git status'", "nohup ls",
    ] {
        assert!(reads(line), "{line}");
    }
}

#[test]
fn what_may_write_or_start_something_is_not() {
    for line in [
        "rm x", "cp a b", "mv a b", "tee x", "touch x", "dd if=a of=b", "xxd -r a b", "awk 1", "perl -e 1", "python3 -c 1", "less x", "vi x",
        "./ls", "sub/cat x", "/tmp/ls", "find . -exec rm a +", "find . -execdir rm a +", "find . -delete", "find . -fprintf x y", "find . -ok rm a +",
        "find . -fls x", "fd x -x rm", "fd x -HX rm", "fd --exec rm", "rg --pre sh x", "rg --pre=sh x", "rg --hostname-bin=x y", "rg -z x", "rg --search-zip x",
        "sort -o x y", "sort --output=x y", "sort --outp=x y", "sort -ro x y", "sort --compress-program=sh x", "uniq a b", "tree -o x", "tree -R x", "file -C -m x", "date -s x", "date 010100002001", "hostname x",
        "sed -i s/a/b/ x", "sed s/a/b/w x", "sed -n 'w x' y", "sed -n '1e rm' x", "sed -n 1p -i x", "sed -ni 1p x",
        "git commit -m x", "git push", "git checkout x", "git diff --output=x", "git diff --output x", "git diff --outp=x", "git log --ext-diff", "git -c core.pager=x log",
        "git --exec-path=x status", "git -c a=b status", "git -p log", "git branch x", "git branch -D x", "git tag x", "git tag -d x", "git remote add a b",
        "git stash", "git stash drop", "git config a b", "git config --unset a", "git config core.editor", "git reflog expire", "git grep -Ovi x", "git grep --open-files-in-pager=vi x",
        "git submodule foreach ls", "git worktree add x", "git rev-parse --parseopt", "git fetch", "git difftool", "git bisect run x", "git archive -o x", "git format-patch x", "git bundle create x",
        "cargo build", "cargo --version build", "npm run x", "node x.js", "go -V",
        "PATH=/x ls", "LD_PRELOAD=x ls", "GIT_SSH_COMMAND=x git log", "env PATH=/x ls", "env -S 'ls -l'", "sudo ls", "doas ls", "xargs cat", "xargs -0 rg",
        "sh x.sh", "sh -c 'ls; rm x'", "bash -c \"sh -c 'rm x'\"", "bash -lc ls", "bash --rcfile x -c ls", "sh", "ls | sh", "cat x | bash -s", "X=1 sh -c ls",
        "eval ls", ". x", "source x", "exec rm x", "command rm x", "builtin cd x; rm y", "timeout 5 rm x", "nice rm x", "nohup rm x", "setsid rm x", "stdbuf -oL rm x",
        "watch ls", "parallel ls", "ssh h ls", "busybox ls", "script -c ls", "flock x ls", "trap 'rm x' EXIT", "alias ls=rm",
    ] {
        assert!(!reads(line), "{line}");
    }
}
