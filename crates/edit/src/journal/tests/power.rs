//! The power fails, and what nobody waited for is lost.

use super::*;
use crate::layer::lossy::{LossyDisk, Survival};

fn lose_power_at_every_step(turn: Turn) {
    let sides = turn.sides();
    for survival in [Survival::None, Survival::All, Survival::Some(1), Survival::Some(2)] {
        for step in 0.. {
            let ground = ground();
            (turn.prepare)(&ground);
            let disk = LossyDisk::new(step);
            let result = (turn.run)(&ground, Box::new(disk.clone()));
            disk.lose_power(survival);
            let what = format!("step {step}, {survival:?}, {:?}", result.as_ref().err());
            let is_after = check_recovered(&ground, &sides, &what);
            if result.is_ok() {
                assert!(is_after, "{what}: said to be done, and lost");
            }
            if !disk.was_reached() {
                assert!(step > 50, "the run has only {step} steps");
                break;
            }
        }
    }
}

#[test]
fn a_lost_apply_is_all_or_nothing() {
    lose_power_at_every_step(APPLY);
}

#[test]
fn a_lost_undo_is_all_or_nothing() {
    lose_power_at_every_step(UNDO);
}

#[test]
fn a_lost_redo_is_all_or_nothing() {
    lose_power_at_every_step(REDO);
}
