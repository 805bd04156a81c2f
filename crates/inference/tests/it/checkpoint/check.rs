//! Compares an implementation with the references.

use std::path::Path;

use super::Checkpoint;
use super::index::{Cell, index};

/// How close to the reference the logits must be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// The largest absolute difference: for products in f32.
    Difference(f32),
    /// The least cosine: for products with rounded activations.
    Cosine(f32),
}

impl Bound {
    /// How far two logits may move against each other within the bound.
    fn slack(self, logits: &[f32]) -> f32 {
        match self {
            Self::Difference(most) => 2.0 * most,
            // The difference then has the length sqrt(2 - 2 cos), in lengths of
            // the logits; four standard deviations hold for some hundred of them.
            Self::Cosine(least) => {
                let deviation = (2.0 - 2.0 * least).sqrt() * length(logits);
                2.0 * 4.0 * deviation / (logits.len() as f32).sqrt()
            }
        }
    }
}

/// Checks the logits after the last token of every context of the cell up to
/// `most_context` tokens. `logits` computes those of one.
pub fn check_logits(
    cell: &Cell,
    bound: Bound,
    most_context: usize,
    mut logits: impl FnMut(&Path, &[u32]) -> Vec<f32>,
) {
    let path = Checkpoint::new(cell);
    let path = path.path();
    for (context, expect) in cell.logits() {
        if context > most_context {
            continue;
        }
        let found = logits(&path, &index().tokens[..context]);
        assert_eq!(found.len(), expect.len(), "{} {context}", cell.name);
        let (close, measured) = match bound {
            Bound::Difference(most) => {
                let found = difference(&found, &expect);
                (found <= most + cell.apart(context), found)
            }
            Bound::Cosine(least) => {
                let found = cosine(&found, &expect);
                (found >= least, found)
            }
        };
        assert!(close, "{} after {context} tokens: {measured}, bound {bound:?}", cell.name);
    }
}

/// Checks the likeliest tokens after a prompt, up to the first that differs
/// where the reference itself was not clear. `continued` computes so many of
/// them. Returns how many were compared.
pub fn check_greedy(
    cell: &Cell,
    bound: Bound,
    continued: impl FnOnce(&Path, &[u32], usize) -> Vec<u32>,
) -> usize {
    let expect = cell.greedy();
    let count = expect.tokens.len();
    let prompt = index().prompt;
    let path = Checkpoint::new(cell);
    let found = continued(&path.path(), &index().tokens[..prompt], count);
    assert_eq!(found.len(), count, "{}", cell.name);
    let logits = cell.logits();
    let (_, logits) = logits.iter().find(|(context, _)| *context == prompt).unwrap();
    let slack = bound.slack(logits);
    for (step, (found, token)) in found.iter().zip(&expect.tokens).enumerate() {
        let margin = expect.margins[step];
        if found != token {
            assert!(margin <= slack, "{} step {step}: margin {margin}, slack {slack}", cell.name);
            return step;
        }
    }
    count
}

/// The largest absolute difference; NaN where there is one.
pub fn difference(a: &[f32], b: &[f32]) -> f32 {
    // `max` would pass over a NaN.
    let worse = |most: f32, one: f32| if one > most || one.is_nan() { one } else { most };
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, worse)
}

fn length(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>().sqrt()
}

pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    product / (length(a) * length(b))
}
