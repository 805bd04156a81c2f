use std::collections::{HashMap, VecDeque};

use mlxcode_models::SamplingOptions;

/// Makes tokens of the last part of the text less likely.
///
/// Repetition divides a positive and multiplies another logit (Keskar et al.
/// 2019, "CTRL", section 4.1, with the sign as transformers and llama.cpp have
/// it); frequency and presence are taken off as in the description of `OpenAI`'s
/// API: `logit − count · frequency − presence`. In this order, as llama.cpp.
#[derive(Debug)]
pub struct Penalties {
    repeat: f32,
    presence: f32,
    frequency: f32,
    window: Option<usize>,
    /// The tokens of the window, the oldest first; unused without a window.
    recent: VecDeque<u32>,
    /// How often each token is in the window, without those that are not.
    counts: HashMap<u32, u32>,
}

impl Penalties {
    /// `None` where nothing would change.
    #[expect(clippy::float_cmp, reason = "exactly these values change no logit")]
    pub fn new(options: &SamplingOptions) -> Option<Self> {
        let &SamplingOptions {
            repeat_penalty: repeat,
            presence_penalty: presence,
            frequency_penalty: frequency,
            penalty_window: window,
            ..
        } = options;
        if (repeat == 1.0 && presence == 0.0 && frequency == 0.0) || window == Some(0) {
            return None;
        }
        let (recent, counts) = (VecDeque::new(), HashMap::new());
        Some(Self { repeat, presence, frequency, window, recent, counts })
    }

    /// Adds tokens to the window; the oldest leave it where it is full.
    pub fn observe(&mut self, tokens: &[u32]) {
        let skip = self.window.map_or(0, |window| tokens.len().saturating_sub(window));
        for id in &tokens[skip..] {
            *self.counts.entry(*id).or_default() += 1;
            let Some(window) = self.window else { continue };
            self.recent.push_back(*id);
            if self.recent.len() > window {
                self.forget();
            }
        }
    }

    fn forget(&mut self) {
        let Some(id) = self.recent.pop_front() else { return };
        if let Some(count) = self.counts.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&id);
            }
        }
    }

    /// Changes the logits of the tokens in the window, and no others.
    pub fn apply(&self, logits: &mut [f32]) {
        for (id, count) in &self.counts {
            let Some(logit) = logits.get_mut(*id as usize) else { continue };
            let repeated = if *logit > 0.0 { *logit / self.repeat } else { *logit * self.repeat };
            *logit = repeated - *count as f32 * self.frequency - self.presence;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: &SamplingOptions, seen: &[u32], logits: &[f32], expect: &[f32]) {
        let mut whole = Penalties::new(options).unwrap();
        whole.observe(seen);
        let mut single = Penalties::new(options).unwrap();
        for id in seen {
            single.observe(&[*id]);
        }
        for penalties in [whole, single] {
            let mut logits = logits.to_vec();
            penalties.apply(&mut logits);
            assert_eq!(logits, expect, "{options:?} {seen:?}");
        }
    }

    fn off() -> SamplingOptions {
        SamplingOptions { penalty_window: None, ..SamplingOptions::default() }
    }

    #[test]
    fn penalties_are_those_worked_by_hand() {
        let repeat = SamplingOptions { repeat_penalty: 2.0, ..off() };
        check(&repeat, &[0, 1, 0, 2], &[4.0, -4.0, 0.0, 3.0], &[2.0, -8.0, 0.0, 3.0]);
        let presence = SamplingOptions { presence_penalty: 0.5, ..off() };
        check(&presence, &[0, 1, 0], &[4.0, -4.0, 3.0], &[3.5, -4.5, 3.0]);
        let frequency = SamplingOptions { frequency_penalty: 0.25, ..off() };
        check(&frequency, &[0, 1, 0], &[4.0, -4.0, 3.0], &[3.5, -4.25, 3.0]);
        let all = SamplingOptions {
            repeat_penalty: 2.0,
            presence_penalty: 0.5,
            frequency_penalty: -0.25,
            ..off()
        };
        check(&all, &[0, 0, 0, 1], &[4.0, -4.0, 3.0], &[2.25, -8.25, 3.0]);
        check(&all, &[], &[4.0, -4.0], &[4.0, -4.0]);
        // Tokens beyond the logits, and a token that is ruled out.
        check(&all, &[7, 1], &[4.0, f32::NEG_INFINITY], &[4.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn only_the_window_counts() {
        let frequency =
            |window| SamplingOptions { frequency_penalty: 1.0, penalty_window: window, ..off() };
        let seen = [2, 0, 1, 0, 0];
        check(&frequency(Some(1)), &seen, &[0.0; 3], &[-1.0, 0.0, 0.0]);
        check(&frequency(Some(3)), &seen, &[0.0; 3], &[-2.0, -1.0, 0.0]);
        check(&frequency(Some(5)), &seen, &[0.0; 3], &[-3.0, -1.0, -1.0]);
        check(&frequency(Some(9)), &seen, &[0.0; 3], &[-3.0, -1.0, -1.0]);
        check(&frequency(None), &seen, &[0.0; 3], &[-3.0, -1.0, -1.0]);
        assert!(Penalties::new(&frequency(Some(0))).is_none());
        assert!(Penalties::new(&off()).is_none());
    }
}
