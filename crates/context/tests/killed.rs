//! A process that updates an index, killed at random moments.
//!
//! It takes a minute, so it is run by name:
//! `cargo test -p mlxcode-context --test killed -- --ignored --nocapture`.
//! `MLX_CODE_KILLS` sets how often, 100 times where it is not set.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files and processes they need")]
#![allow(clippy::print_stdout, reason = "what was seen is worth knowing after a minute")]

#[allow(dead_code, reason = "the other suite uses the rest")]
mod support;

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use support::{Ground, NAMES, TEXTS, dump, update};

const GROUND: &str = "MLX_CODE_KILLED_GROUND";
const SEED: &str = "MLX_CODE_KILLED_SEED";
const KILLS: &str = "MLX_CODE_KILLS";

/// Numbers without an order, the same from one seed (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % most
    }
}

/// The process that is killed: it changes the tree and updates until then.
#[test]
#[ignore = "a part of the next one"]
fn child() {
    let Some(folder) = env::var_os(GROUND).map(PathBuf::from) else { return };
    let mut random = Random(env::var(SEED).unwrap().parse().unwrap());
    let ground = Ground::at(&folder);
    let index = ground.index("index");
    loop {
        for _ in 0..=random.below(20) {
            let name = format!("part_{}/{}", random.below(12), NAMES[random.below(NAMES.len())]);
            if random.below(4) == 0 {
                ground.remove(&name);
            } else {
                ground.write(&name, &TEXTS[random.below(TEXTS.len())].repeat(1 + random.below(9)));
            }
        }
        update(&index);
    }
}

#[test]
#[ignore = "takes a minute"]
fn an_index_survives_being_killed() {
    let kills: u64 = env::var(KILLS).map_or(100, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::at(folder.path());
    let mut random = Random(7);
    let (mut behind, mut rebuilt) = (0, 0);
    for round in 0..kills {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env(GROUND, folder.path())
            .env(SEED, round.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_micros(random.below(300_000) as u64));
        assert!(child.try_wait().unwrap().is_none(), "round {round}: it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();

        let index = ground.index("index");
        let connection = Connection::open(index.path()).unwrap();
        let check = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
        assert_eq!(check("PRAGMA integrity_check"), Ok("ok".to_owned()), "round {round}");
        let words = "INSERT INTO words (words) VALUES ('integrity-check')";
        connection.execute(words, []).unwrap();
        // What is there is a whole state: each file has all of its rows.
        for path in index.files().unwrap() {
            index.symbols(&path).unwrap();
            index.imports(&path).unwrap();
        }
        let updated = update(&index);
        behind += usize::from(updated.added + updated.changed + updated.removed > 0);
        rebuilt += usize::from(updated.rebuilt.is_some());
        assert_eq!(dump(&index), dump(&ground.fresh()), "round {round}");
    }
    println!(
        "{kills} kills: {behind} times the tree was ahead of the index, which was never damaged"
    );
    assert_eq!(rebuilt, 0);
    assert!(kills < 50 || behind > 0, "nothing was ever cut off");
}
