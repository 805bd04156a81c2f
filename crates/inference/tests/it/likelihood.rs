//! How well a model foretells a text, beside the same by candle.

use mlxcode_inference::{LoadOptions, likelihood, reference_logits};

use crate::golden::load;

fn options() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.dequantize = true;
    options
}

/// Minus the logarithm of each token's probability, from the reference's
/// logits, for the tokens from `first` on.
fn expected(name: &str, tokens: &[u32], first: usize) -> f64 {
    let logits = reference_logits(&load(name), &options(), tokens).unwrap();
    let nats = |place: usize| {
        let row = &logits[place - 1];
        let sum: f64 = row.iter().map(|logit| f64::from(*logit).exp()).sum();
        sum.ln() - f64::from(row[tokens[place] as usize])
    };
    (first..tokens.len()).map(nats).sum()
}

fn text(count: u32) -> Vec<u32> {
    (0..count).map(|n| n * 7 % 200 + 3).collect()
}

#[test]
fn windows_are_scored_as_the_reference_does() {
    let check = |tokens: u32, bos: Option<u32>, window: usize, most: usize, expect: f64| {
        let model = load("qwen2-f32");
        let text = text(tokens);
        let found = likelihood(&model, &options(), &text, bos, window, most, &()).unwrap();
        let far = (found.nats - expect).abs() / expect;
        assert!(far < 1e-4, "{tokens} {window}: {} for {expect}", found.nats);
        (found.scored_tokens, found.windows)
    };
    let all = text(100);
    // Shorter than a window: from the second token on.
    assert_eq!(check(100, None, 512, 9, expected("qwen2-f32", &all, 1)), (99, 1));
    // Three windows of 32, and a rest of four that is left out.
    let halves: f64 = all[..96].chunks(32).map(|part| expected("qwen2-f32", part, 16)).sum();
    assert_eq!(check(100, None, 32, 9, halves), (48, 3));
    assert_eq!(check(100, None, 32, 1, expected("qwen2-f32", &all[..32], 16)), (16, 1));
    // A token before each window takes the place of none.
    let begun: f64 =
        all[..96].chunks(32).map(|part| expected("qwen2-f32", &[&[1], part].concat(), 17)).sum();
    assert_eq!(check(100, Some(1), 32, 9, begun), (48, 3));
    // Longer than what is computed at once.
    let long = expected("qwen2-f32", &text(200), 100);
    assert_eq!(check(200, None, 200, 9, long), (100, 1));
}

#[test]
fn a_text_that_cannot_be_scored_is_refused() {
    let model = load("qwen2-f32");
    let refused = |text: &[u32], bos: Option<u32>| {
        likelihood(&model, &options(), text, bos, 512, 9, &()).is_err()
    };
    assert!(refused(&[], None) && refused(&[1], None));
    assert!(refused(&[1, 9_999_999], None) && refused(&[1, 2], Some(9_999_999)));
    let cancelled = options();
    cancelled.cancel.cancel();
    assert!(likelihood(&model, &cancelled, &[1, 2], None, 512, 9, &()).is_err());
}
