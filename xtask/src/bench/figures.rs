//! What a run found, and what many runs say together.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The figures of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub prefill_tokens_per_second: f64,
    pub decode_tokens_per_second: f64,
    pub load_ms: f64,
    pub time_to_first_token_ms: f64,
    pub loaded_resident_bytes: Option<f64>,
    pub peak_resident_bytes: Option<f64>,
}

impl Figures {
    /// Reads them from the document that each program prints.
    pub fn of(document: &Value) -> Result<Self> {
        let number = |name: &str| {
            document[name].as_f64().with_context(|| format!("its document has no `{name}`"))
        };
        Ok(Self {
            prefill_tokens_per_second: number("prefill_tokens_per_second")?,
            decode_tokens_per_second: number("decode_tokens_per_second")?,
            load_ms: number("load_ms")?,
            time_to_first_token_ms: number("time_to_first_token_ms")?,
            loaded_resident_bytes: document["loaded_resident_bytes"].as_f64(),
            peak_resident_bytes: document["peak_resident_bytes"].as_f64(),
        })
    }

    pub fn json(&self) -> Value {
        json!({
            "prefill_tokens_per_second": self.prefill_tokens_per_second,
            "decode_tokens_per_second": self.decode_tokens_per_second,
            "load_ms": self.load_ms,
            "time_to_first_token_ms": self.time_to_first_token_ms,
            "loaded_resident_bytes": self.loaded_resident_bytes,
            "peak_resident_bytes": self.peak_resident_bytes,
        })
    }
}

/// The runs of one program, by round; `None` where it failed.
pub type Rounds = [Option<Figures>];

/// The median of a figure; `None` where no run has it.
pub fn median(rounds: &Rounds, of: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
    middle(rounds.iter().flatten().filter_map(of).collect())
}

/// The least and the greatest of a figure.
pub fn range(rounds: &Rounds, of: impl Fn(&Figures) -> f64) -> Option<(f64, f64)> {
    let values = rounds.iter().flatten().map(of);
    values.map(|value| (value, value)).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
}

/// How many times as fast as `other` we are: the median of the rounds' own
/// ratios, for what disturbs a round disturbs all that run in it.
pub fn ratio(ours: &Rounds, other: &Rounds, of: impl Fn(&Figures) -> f64) -> Option<f64> {
    let pairs = ours.iter().zip(other).filter_map(|(ours, other)| ours.zip(*other));
    middle(pairs.map(|(ours, other)| of(&ours) / of(&other)).collect())
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    match count {
        0 => None,
        _ if count % 2 == 1 => Some(values[count / 2]),
        _ => Some(f64::midpoint(values[count / 2 - 1], values[count / 2])),
    }
}

#[cfg(test)]
pub fn speeds(prefill: f64, decode: f64) -> Figures {
    Figures {
        prefill_tokens_per_second: prefill,
        decode_tokens_per_second: decode,
        load_ms: 250.0,
        time_to_first_token_ms: 512e3 / prefill,
        loaded_resident_bytes: Some(f64::from(1 << 30)),
        peak_resident_bytes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The second round was disturbed; the third one failed.
        let ours = [Some(speeds(300.0, 30.0)), Some(speeds(60.0, 5.0)), Some(speeds(300.0, 30.0))];
        let other = [Some(speeds(100.0, 20.0)), Some(speeds(20.0, 2.5)), None];
        let prefill = |figures: &Figures| figures.prefill_tokens_per_second;
        let decode = |figures: &Figures| figures.decode_tokens_per_second;
        assert_eq!(ratio(&ours, &other, prefill), Some(3.0));
        assert_eq!(ratio(&ours, &other, decode), Some(1.75));
        assert_eq!(ratio(&ours, &[None; 3], decode), None);
        assert_eq!(median(&ours, |figures| Some(prefill(figures))), Some(300.0));
        assert_eq!(median(&other, |figures| Some(prefill(figures))), Some(60.0));
        assert_eq!(median(&other, |figures| figures.peak_resident_bytes), None);
        assert_eq!(range(&other, decode), Some((2.5, 20.0)));
        assert_eq!(range(&[None], decode), None);
    }

    #[test]
    fn a_document_has_the_speeds_and_may_lack_the_memory() {
        let figures = speeds(256.0, 64.0);
        assert_eq!(Figures::of(&figures.json()).unwrap(), figures);
        let mut without = figures.json();
        without["decode_tokens_per_second"] = Value::Null;
        let error = Figures::of(&without).unwrap_err();
        assert!(error.to_string().contains("decode_tokens_per_second"), "{error}");
    }
}
