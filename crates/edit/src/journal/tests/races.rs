//! Somebody else acts between two system calls.

use super::*;

#[cfg(unix)]
#[test]
fn a_folder_that_becomes_a_link_leads_nowhere() {
    let mut refused = 0;
    for step in 0..200 {
        let ground = ground();
        let outside = ground.root.path().with_file_name("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("e.sh"), "five\n").unwrap();
        let before = tree(&outside);
        let (sub, away) = (ground.root.path().join("sub"), ground.root.path().join("away"));
        let target = outside.clone();
        let disk = FaultyDisk::with_intruder(step, move || {
            fs::rename(&sub, &away).unwrap();
            std::os::unix::fs::symlink(&target, &sub).unwrap();
        });
        let result = ground.apply(Box::new(disk.clone()));
        assert_eq!(tree(&outside), before, "step {step}");
        refused += usize::from(result.is_err());
        drop(Journal::open(&ground.dir, &ground.root));
        assert_eq!(tree(&outside), before, "step {step}: recovery");
        if !disk.was_reached() {
            assert!(refused > 5, "only {refused} were refused");
            return;
        }
    }
    panic!("the run has more steps than are tried");
}

#[test]
fn a_file_that_comes_meanwhile_is_not_written_over() {
    for step in 0..200 {
        let ground = ground();
        let place = ground.root.path().join("moved/e.txt");
        let theirs = place.clone();
        let disk = FaultyDisk::with_intruder(step, move || {
            let _ = fs::create_dir(theirs.parent().unwrap());
            if !theirs.exists() {
                fs::write(&theirs, "theirs\n").unwrap();
            }
        });
        let result = ground.apply(Box::new(disk.clone()));
        if !disk.was_reached() {
            return;
        }
        let text = fs::read_to_string(&place).unwrap();
        assert_eq!(text, if result.is_ok() { "four\n" } else { "theirs\n" }, "step {step}");
        if result.is_err() {
            assert_eq!(fs::read_to_string(ground.root.path().join("d.txt")).unwrap(), "four\n");
        }
    }
    panic!("the run has more steps than are tried");
}

#[test]
fn a_name_that_is_taken_is_not_used_beside_a_file() {
    let ground = ground();
    let mine = ground.root.path().join(".mlx-code-1-0.tmp");
    fs::write(&mine, "mine\n").unwrap();
    applied(&ground);
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine\n");
}
