use std::time::Duration;

use crate::median::{Measured, measure};

/// Runs each of `works` once a round, each round beginning with the next one,
/// and keeps the times of each: what disturbs the machine for a while disturbs
/// all of them.
pub fn measure_in_turn(rounds: usize, works: &mut [&mut dyn FnMut()]) -> Vec<Measured> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); works.len()];
    for round in 0..rounds.max(1) {
        for turn in 0..works.len() {
            let at = (round + turn) % works.len();
            times[at].push(measure(1, &mut works[at]).median());
        }
    }
    times.into_iter().map(Measured::from).collect()
}

/// How many times as long as `ours` the rival's median took.
pub fn ratio(ours: &Measured, rival: &Measured) -> f64 {
    rival.median().as_secs_f64() / ours.median().as_secs_f64().max(f64::MIN_POSITIVE)
}
