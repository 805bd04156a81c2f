//! Tells how soon an index that follows a tree knows of changes.
//!
//! `cargo run --release -p mlxcode-context --example follow -- TREE INDEX TIMES`
//! changes the tree below TREE, which should be a copy, as people do, TIMES
//! times each, and prints the median and the longest time until the change was
//! told. What it makes it takes away again.

#![allow(clippy::print_stdout, reason = "a measurement shows its figures")]
#![allow(clippy::disallowed_methods, reason = "it plays somebody who changes a tree")]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use mlxcode_base::{CancelToken, Root};
use mlxcode_context::{CodeIndex, WalkOptions, Watch, WatchEvent};

/// Longer nobody waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two changes, so that the second is not taken for a part of the
/// first.
const PAUSE: Duration = Duration::from_millis(500);

type Step<'s> = (&'s str, &'s dyn Fn(usize) -> io::Result<()>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [tree, place, times] = arguments.as_slice() else {
        return Err("usage: follow TREE INDEX TIMES".into());
    };
    let root = Root::open(Path::new(tree))?;
    let index = CodeIndex::open(Path::new(place), &root, WalkOptions::default())?;
    let begin = Instant::now();
    let mut watch = Watch::start(index, &CancelToken::new())?;
    let ready = watch.next();
    println!("ready in {:.1?}", begin.elapsed());
    if !matches!(ready, Some(WatchEvent::Ready(_))) {
        return Err(format!("{ready:?}").into());
    }
    let folder = root.path().join("follow-this");
    let other = root.path().join("follow-that");
    let text = |number: usize| format!("import os\n\n\ndef changed_{number}(a):\n    return a\n");
    fs::create_dir(&folder)?;
    for number in 0..20 {
        fs::write(folder.join(format!("part_{number}.py")), text(number))?;
    }
    while watch.next_within(PAUSE).is_some() {}
    let edited = folder.join("part_0.py");
    let new = folder.join("new.py");
    let steps: [Step<'_>; 6] = [
        ("an edit", &|number| fs::write(&edited, text(100 + number))),
        ("a save beside and over it", &|number| {
            fs::write(folder.join("part_0.py.tmp"), text(200 + number))?;
            fs::rename(folder.join("part_0.py.tmp"), &edited)
        }),
        ("a new file", &|number| fs::write(&new, text(300 + number))),
        ("a file removed", &|_| fs::remove_file(&new)),
        ("a folder of 20 renamed", &|_| fs::rename(&folder, &other)),
        ("and renamed back", &|_| fs::rename(&other, &folder)),
    ];
    let mut taken = vec![Vec::new(); steps.len()];
    for number in 0..times.parse()? {
        for ((name, step), taken) in steps.iter().zip(&mut taken) {
            let begin = Instant::now();
            step(number)?;
            match watch.next_within(PATIENCE) {
                Some(WatchEvent::Changed(_)) => taken.push(begin.elapsed()),
                other => return Err(format!("{name}: {other:?}").into()),
            }
            // What is told in two parts is known with the last.
            while let Some(more) = watch.next_within(PAUSE) {
                if matches!(more, WatchEvent::Changed(_)) {
                    println!("{name}: told in parts");
                }
            }
            thread::sleep(PAUSE);
        }
    }
    for ((name, _), mut taken) in steps.into_iter().zip(taken) {
        taken.sort_unstable();
        let median = taken.get(taken.len() / 2).copied().unwrap_or_default();
        let longest = taken.last().copied().unwrap_or_default();
        println!("{name}: median {median:.0?}, longest {longest:.0?}");
    }
    drop(watch);
    fs::remove_dir_all(&folder)?;
    Ok(())
}
