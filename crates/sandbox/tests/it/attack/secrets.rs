//! Attacks on what must not be read.

use super::{Control, check, python};
use crate::ground::{Ground, SECRET};

fn told(_ground: &mut Ground, text: &str) -> bool {
    text.contains(SECRET)
}

macro_rules! attacks {
    ($($name:ident: $script:expr, $control:ident;)*) => {
        $(#[test] fn $name() { check(&$script, Control::$control, told); })*
    };
}

attacks! {
    read_a_key: "cat $HOME/.ssh/id", Always;
    read_it_by_going_up: "cat ../home/.ssh/id", Always;
    read_it_through_a_new_link: "ln -s $HOME/.ssh k; cat k/id", Always;
    read_it_through_an_old_link: "cat $HOME/keys/id", Always;
    read_it_by_hard_link: "ln $HOME/.ssh/id k; cat k", Always;
    read_it_moved: "mv $HOME/.ssh k; cat k/id", Always;
    read_it_copied: "cp -r $HOME h; cat h/.ssh/id", Always;
    read_it_by_proc_self_root: "cat /proc/self/root$HOME/.ssh/id", Always;
    read_it_from_its_folder: "cd $HOME/.ssh && cat id", Always;
    read_it_with_python: python(
        "d = os.open(home, os.O_RDONLY)\nf = os.open('.ssh/id', os.O_RDONLY, dir_fd=d)\n\
         print(os.read(f, 100).decode())"), Always;
    read_it_by_path_descriptor: python(
        "f = os.open(home + '/.ssh/id', os.O_PATH)\nprint(open(f'/proc/self/fd/{f}').read())"), Always;
    read_it_as_a_program: "sh $HOME/.ssh/id", Always;
    search_it: "grep -r secret $HOME", Always;
    archive_it: "tar cf - -C $HOME .ssh | tar xf - -O", Always;
    read_variables: "env", Always;
    read_variables_of_a_child: "sh -c env; cat /proc/self/environ", Always;
}

/// The parent's environment begins somewhere with `PATH=`, as everybody's does;
/// inside, the own one is not looked at.
#[test]
fn read_the_parents_environment_and_memory() {
    let is_told = |_: &mut Ground, text: &str| text.contains("yes");
    check("grep -qa PATH= /proc/$PARENT/environ && echo yes", Control::Always, is_told);
    // The thread that restricted itself is in the command's own domain.
    check("grep -qas PATH= /proc/$PARENT/task/*/environ && echo yes", Control::Always, is_told);
    check("grep -qas r /proc/$PARENT/maps && echo yes", Control::Always, is_told);
    check("grep -qas r /proc/$PARENT/task/*/maps && echo yes", Control::Always, is_told);
    check("readlink /proc/$PARENT/fd/0 && echo yes", Control::Always, is_told);
    check("ls /proc/$PARENT/root/ && echo yes", Control::Always, is_told);
    check("grep -qas PATH= /proc/$VICTIM/environ && echo yes", Control::Always, is_told);
    let memory = "import glob\n\
        for task in glob.glob(f'/proc/{parent}/task/*/mem'):\n\
        \x20   try:\n\
        \x20       open(task, 'rb', 0)\n\
        \x20       print('yes')\n\
        \x20   except OSError as error:\n\
        \x20       pass";
    check(&python(memory), Control::Always, is_told);
}

#[test]
fn read_devices() {
    let script = "for d in /dev/kmsg /dev/mem /dev/port /dev/vda /dev/sda /dev/nvme0n1 /proc/kcore; do\n\
        timeout 2 dd if=$d bs=8192 count=1 >/dev/null && echo yes; done 2>/dev/null";
    check(script, Control::Root, |_, text| text.contains("yes"));
}

#[test]
fn read_the_systems_passwords() {
    check("cat /etc/shadow | grep -q : && echo yes", Control::Root, |_, text| text.contains("yes"));
}

/// Names are seen, see the page on the sandbox; contents are not.
#[test]
fn what_lies_beside_a_secret_can_be_read() {
    let ground = Ground::new();
    let ran = ground.inside("cat $HOME/notes; ls -a $HOME; ls / >/dev/null && echo listed");
    let text = ran.output.text();
    assert!(
        text.starts_with("open\n") && text.contains("notes") && text.ends_with("listed\n"),
        "{text}"
    );
}
