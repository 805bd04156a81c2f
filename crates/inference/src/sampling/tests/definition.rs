//! The definitions, one full sort after the other, in f64.

use mlxcode_models::SamplingOptions;

type Tokens = Vec<(u32, f64)>;

pub fn softmax(tokens: &Tokens, temperature: f64) -> Tokens {
    let most = tokens.iter().map(|token| token.1).fold(f64::NEG_INFINITY, f64::max);
    let weigh = |token: &(u32, f64)| (token.0, ((token.1 - most) / temperature).exp());
    let weights: Tokens = tokens.iter().map(weigh).collect();
    let total: f64 = weights.iter().map(|weight| weight.1).sum();
    weights.iter().map(|weight| (weight.0, weight.1 / total)).collect()
}

/// Keeps the first in an order until their probabilities reach `share`.
fn keep(tokens: Tokens, share: f64, key: impl Fn(f64) -> f64) -> Tokens {
    let shares = softmax(&tokens, 1.0);
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by(|a, b| key(shares[*a].1).total_cmp(&key(shares[*b].1)));
    let mut sum = 0.0;
    let mut kept = Vec::new();
    for place in order {
        kept.push(tokens[place]);
        sum += shares[place].1;
        if sum >= share {
            break;
        }
    }
    kept
}

pub fn distribution(options: &SamplingOptions, logits: &[f32]) -> Tokens {
    let numbered = logits.iter().zip(0..).map(|(logit, id)| (id, f64::from(*logit)));
    let mut tokens: Tokens = numbered.filter(|token| token.1.is_finite()).collect();
    if options.top_k > 0 {
        tokens.sort_by(|a, b| b.1.total_cmp(&a.1));
        tokens.truncate(options.top_k);
    }
    if options.typical_p < 1.0 {
        let shares = softmax(&tokens, 1.0);
        let entropy: f64 = shares.iter().map(|share| -share.1 * share.1.ln()).sum();
        let distance = |share: f64| (-share.ln() - entropy).abs();
        tokens = keep(tokens, f64::from(options.typical_p), distance);
    }
    if options.top_p < 1.0 {
        tokens = keep(tokens, f64::from(options.top_p), |share| -share);
    }
    if options.min_p > 0.0 {
        let shares = softmax(&tokens, 1.0);
        let best = shares.iter().map(|share| share.1).fold(0.0, f64::max);
        let likely = |place: &usize| shares[*place].1 >= f64::from(options.min_p) * best;
        tokens = (0..tokens.len()).filter(likely).map(|place| tokens[place]).collect();
    }
    let mut kept = softmax(&tokens, f64::from(options.temperature));
    kept.sort_by_key(|token| token.0);
    kept
}
