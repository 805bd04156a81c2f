//! Attacks on files outside of the root.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use super::{Control, check, python};
use crate::ground::{Ground, THEIRS};

fn made(ground: &mut Ground, _text: &str) -> bool {
    ground.exists("outside/new")
}

fn changed(ground: &mut Ground, _text: &str) -> bool {
    ground.read("outside/file") != THEIRS
}

macro_rules! attacks {
    ($($name:ident: $script:expr, $damage:expr;)*) => {
        $(#[test] fn $name() { check(&$script, Control::Always, $damage); })*
    };
}

attacks! {
    write_by_absolute_path: "echo x > $OUT/new", made;
    write_by_going_up: "echo x > ../outside/new", made;
    write_by_going_up_from_below: "cd sub && echo x > ../../outside/new", made;
    write_through_an_old_link_to_a_folder: "echo x > link_folder/new", made;
    write_through_an_old_link_to_a_file: "echo evil > link_file", changed;
    write_through_a_new_link: "ln -s $OUT l; echo x > l/new", made;
    write_through_a_chain_of_links: "ln -s $OUT a; ln -s a b; ln -s b/. c; echo x > c/new", made;
    write_by_proc_self_root: "echo x > /proc/self/root$OUT/new", made;
    write_by_proc_self_cwd: "cd $OUT && echo x > /proc/self/cwd/new", made;
    write_by_a_file_opened_for_reading: "exec 8<$OUT/file; echo evil > /proc/self/fd/8", changed;
    append: "echo evil >> $OUT/file", changed;
    write_in_place: "dd if=/dev/zero of=$OUT/file bs=1 count=1 conv=notrunc", changed;
    copy_over: "cp -f file $OUT/file", changed;
    move_over: "echo evil > e; mv -f e $OUT/file", changed;
    install_over: "install -m 600 file $OUT/file", changed;
    edit_in_place: "sed -i s/theirs/evil/ $OUT/file", changed;
    move_away: "mv -f $OUT/file .", changed;
    remove: "rm -f $OUT/file", changed;
    remove_all: "rm -rf $OUT", changed;
    empty_by_redirection: "(: > $OUT/file)", changed;
    empty_by_truncate: "truncate -s 0 $OUT/file", changed;
    link_it_hard_and_write: "ln $OUT/file hard; echo evil > hard", changed;
    link_it_hard_by_descriptor: format!("{}\necho evil > hard", python(
        "f = os.open(out + '/file', os.O_RDONLY)\n\
         libc.linkat(-100, f'/proc/self/fd/{f}'.encode(), -100, b'hard', 0x400)")), changed;
    make_a_folder: "mkdir $OUT/new", made;
    make_a_link: "ln -s /etc $OUT/new", made;
    make_a_pipe: "mkfifo $OUT/new", made;
    remove_a_folder: "rmdir $OUT/folder", |ground, _| !ground.exists("outside/folder");
    rename_a_folder_in: python("os.rename(out + '/folder', 'taken')"),
        |ground, _| !ground.exists("outside/folder");
    write_with_python: python("open(out + '/new', 'w').write('x')"), made;
    write_with_python_by_folder: python(
        "d = os.open(out, os.O_RDONLY)\nos.open('new', os.O_WRONLY | os.O_CREAT, dir_fd=d)"), made;
    truncate_with_python: python("os.truncate(out + '/file', 0)"), changed;
    unnamed_file_with_python: python(
        "f = os.open(out, os.O_TMPFILE | os.O_RDWR)\n\
         libc.linkat(-100, f'/proc/self/fd/{f}'.encode(), -100, (out + '/new').encode(), 0x400)"), made;
    map_and_write: python(
        "import mmap\nf = os.open(out + '/file', os.O_RDWR)\n\
         m = mmap.mmap(f, 0)\nm[0:1] = b'E'\nm.flush()"), changed;
    bind_a_socket: python("s = socket.socket(socket.AF_UNIX)\ns.bind(out + '/new')"), made;
    unpack_outside: "mkdir -p d; echo x > d/new; tar cf a.tar -C d new; tar xf a.tar -C $OUT", made;
    follow_a_link_in_an_archive:
        "ln -s $OUT d; tar cf a.tar d; rm d; mkdir x; tar xf a.tar -C x; echo x > x/d/new", made;
    link_that_leads_out_and_is_then_a_folders_name:
        "mkdir d; (cd d; mv ../d ../e; ln -s $OUT ../d; echo x > ../d/new)", made;
    extended_attribute: python("os.setxattr(out + '/file', 'user.mlx', b'x')"),
        |ground, _| {
            let listed = ground.outside("python3 -c \"import os; print(os.listxattr(os.environ['OUT'] + '/file'))\"");
            listed.contains("user.mlx")
        };
    shared_memory: "echo x > /dev/shm/$MARK && echo wrote; rm -f /dev/shm/$MARK",
        |_, text| text.contains("wrote");
}

#[test]
fn hooks_are_put_back() {
    for script in [
        "echo evil > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
        "mv .git/hooks h; mkdir .git/hooks; cp /bin/true .git/hooks/post-checkout",
        "rm -r .git/hooks; ln -s ../sub .git/hooks; echo evil > sub/pre-commit",
        "mv .git g; cp -r g .git; echo evil > .git/hooks/post-merge",
        "(sleep 0.2; echo evil > .git/hooks/pre-push) & echo evil > .git/hooks/pre-push",
    ] {
        check(script, Control::Always, |ground, _| {
            let hooks = std::fs::read_dir(ground.at("root/.git/hooks"));
            hooks.is_ok_and(|mut hooks| hooks.next().is_some())
        });
    }
}

#[test]
fn configuration_of_git_and_of_the_project_is_put_back() {
    for script in [
        "git config core.fsmonitor evil",
        "echo '[core] fsmonitor = evil' >> .git/config",
        "rm .git/config; ln -s $PWD/sub/evil .git/config; echo evil > sub/evil",
        "rm .git/config; mkdir .git/config; touch .git/config/evil",
    ] {
        check(script, Control::Always, |ground, _| {
            let config = std::fs::read_to_string(ground.at("root/.git/config"));
            config.is_ok_and(|text| text != "[core]\n\trepositoryformatversion = 0\n")
                || !ground.at("root/.git/config").is_file()
        });
    }
    check(
        "mkdir -p e; cp .git/config e; echo ../e > .git/commondir",
        Control::Always,
        |ground, _| ground.exists("root/.git/commondir"),
    );
    check("echo '{}' > .mlx-code.json; mkdir .mlx-code", Control::Always, |ground, _| {
        ground.exists("root/.mlx-code.json") || ground.exists("root/.mlx-code")
    });
}

#[test]
fn programs_with_their_owners_rights_are_not_made() {
    for script in [
        "cp /bin/true s; chmod 4755 s".to_owned(),
        "cp /bin/true s; chmod g+s,g+x s".to_owned(),
        "install -m 6755 /bin/true s".to_owned(),
        python("os.close(os.open('s', os.O_WRONLY | os.O_CREAT, 0o4755))"),
        python("os.mknod('s', 0o104755)"),
        python("f = os.open('s', os.O_WRONLY | os.O_CREAT, 0o755)\nos.fchmod(f, 0o4755)"),
    ] {
        check(&script, Control::Always, |ground, _| {
            std::fs::metadata(ground.at("root/s")).is_ok_and(|meta| meta.mode() & 0o6000 != 0)
        });
    }
}

#[test]
fn devices_are_not_made() {
    for script in ["mknod d c 1 3", "mknod d b 7 0"] {
        check(script, Control::Root, |ground, _| {
            std::fs::metadata(ground.at("root/d")).is_ok_and(|meta| {
                meta.file_type().is_char_device() || meta.file_type().is_block_device()
            })
        });
    }
}

#[test]
fn owners_do_not_change() {
    for script in ["chown 12345 $OUT/file", "chown -h 12345 link_file", "chgrp 12345 $OUT/file"] {
        check(script, Control::Root, |ground, _| {
            let owned = |path: &str| std::fs::symlink_metadata(ground.at(path)).unwrap();
            let (file, link) = (owned("outside/file"), owned("root/link_file"));
            file.uid() == 12345 || file.gid() == 12345 || link.uid() == 12345
        });
    }
}

/// Landlock does not look at modes and times. The page on the sandbox says so;
/// this fails when that is no longer true.
#[test]
fn modes_and_times_outside_are_a_known_gap() {
    let ground = Ground::new();
    let ran = ground.inside("chmod 600 $OUT/file; touch -d 2001-01-01T00:00:00Z $OUT/file");
    let meta = std::fs::metadata(ground.at("outside/file")).unwrap();
    assert_eq!((meta.mode() & 0o777, meta.mtime()), (0o600, 978_307_200), "{ran:?}");
    assert_eq!(ground.read("outside/file"), THEIRS);
}
