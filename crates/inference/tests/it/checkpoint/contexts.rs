//! Every cell after every length of context, 4,096 tokens the longest: a slow
//! suite. CONTRIBUTING.md says how the goldens are made, which are too many to
//! keep.

use mlxcode_inference::{LoadOptions, engine_logits};
use mlxcode_models::InstalledModel;

use super::Checkpoint;
use super::check::{cosine, difference};
use super::index::index;

const CONTEXTS: [usize; 9] = [1, 2, 31, 32, 33, 511, 512, 513, 4096];
const MOST_DIFFERENCE: f32 = 1e-3;
const LEAST_COSINE: f32 = 0.99;

/// In f32 all logits are the reference's. With rounded states they point the
/// same way; where the reference itself turns when its numbers are rounded, the
/// way of either. How many turn a little further is bounded as in the quick test.
/// `MLXCODE_CELLS` names cells, with commas between: only these are computed.
#[test]
#[ignore = "needs the goldens of every context"]
fn every_cell_after_every_context() {
    let (mut all, mut turned, mut wrong) = (0, Vec::new(), Vec::new());
    let part = std::env::var("MLXCODE_CELLS").unwrap_or_default();
    for cell in &index().cells {
        if !part.is_empty() && !part.split(',').any(|one| one == cell.name) {
            continue;
        }
        let checkpoint = Checkpoint::new(cell);
        let model = InstalledModel::check_in_place(&checkpoint.path()).unwrap();
        let contexts: Vec<usize> = cell.logits().iter().map(|(context, _)| *context).collect();
        assert_eq!(contexts, CONTEXTS, "{}", cell.name);
        for (context, expect) in cell.logits() {
            let run = |dequantize| {
                let mut options = LoadOptions::default();
                options.dequantize = dequantize;
                engine_logits(&model, &options, &index().tokens[..context], 512)
            };
            let last = |dequantize| run(dequantize).unwrap().pop().unwrap();
            let apart = difference(&last(true), &expect);
            if apart.is_nan() || apart > MOST_DIFFERENCE + cell.apart(context) {
                wrong.push((&cell.name, context, apart));
            }
            let found = last(false);
            let rounded = cell.rounded(context).map_or(f32::NAN, |other| cosine(&found, &other));
            let cosine = cosine(&found, &expect);
            if cosine.is_nan() || cosine.max(rounded) < LEAST_COSINE {
                wrong.push((&cell.name, context, cosine));
            }
            all += 1;
            if cosine < 0.999 {
                turned.push((&cell.name, context, cosine));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all}: {wrong:?}", wrong.len());
    assert!(turned.len() * 20 <= all, "{} of {all}: {turned:?}", turned.len());
}
