use mlxcode_core::{DryOptions, SamplingOptions};

/// How the next token is chosen.
#[derive(Clone, Debug, clap::Args)]
pub struct Sampling {
    /// 0 takes the most likely token always
    #[arg(long, value_name = "T", default_value_t = 0.0, allow_negative_numbers = true)]
    pub temperature: f32,
    /// Keep the most likely tokens whose probabilities reach this sum
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true)]
    pub top_p: f32,
    /// Keep the K most likely tokens; 0 keeps all
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub top_k: usize,
    /// Keep tokens at least this likely relative to the best
    #[arg(long, value_name = "P", default_value_t = 0.0, allow_negative_numbers = true)]
    pub min_p: f32,
    /// Make tokens that were seen less likely; 1 is off
    #[arg(long, value_name = "R", default_value_t = 1.0, allow_negative_numbers = true)]
    pub repeat_penalty: f32,
    /// The same seed gives the same text
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Keep the tokens whose surprise is closest to the expected one, up to this probability
    #[arg(long, value_name = "P", default_value_t = 1.0, allow_negative_numbers = true)]
    pub typical_p: f32,
    /// Taken once from the logit of a token that was seen
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    pub presence_penalty: f32,
    /// Taken from a token's logit for each time that it was seen
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    pub frequency_penalty: f32,
    /// How many of the last tokens the three penalties look at; 0 is all
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub penalty_window: usize,
    /// What a token loses that prolongs a repeated sequence; 0 is off
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    pub dry_multiplier: f32,
    /// How many times larger that loss gets with each further token
    #[arg(long, value_name = "X", default_value_t = 1.75, allow_negative_numbers = true)]
    pub dry_base: f32,
    /// The longest sequence that may be repeated for nothing
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub dry_allowed_length: usize,
    /// How many of the last tokens are searched for repeated sequences; 0 is all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub dry_window: usize,
    /// A text that no repeated sequence goes beyond; may be given several times [default: line end, `:`, `"`, `*`]
    #[arg(long, value_name = "TEXT")]
    pub dry_breaker: Vec<String>,
    /// Added to the logit of one token, such as `151643:-2.5`; `-inf` bans it; may be given several times
    #[arg(long, value_name = "ID:X", value_parser = bias)]
    pub logit_bias: Vec<(u32, f32)>,
    /// With --json: tell how likely each token was, and so many of the likeliest ones
    #[arg(long, value_name = "K")]
    pub log_probabilities: Option<usize>,
}

impl Sampling {
    /// The library's options.
    pub fn options(self) -> SamplingOptions {
        let some = |count: usize| (count > 0).then_some(count);
        let mut dry = DryOptions {
            multiplier: self.dry_multiplier,
            base: self.dry_base,
            allowed_length: self.dry_allowed_length,
            window: some(self.dry_window),
            ..DryOptions::default()
        };
        if !self.dry_breaker.is_empty() {
            dry.breakers = self.dry_breaker;
        }
        SamplingOptions {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            typical_p: self.typical_p,
            repeat_penalty: self.repeat_penalty,
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            penalty_window: some(self.penalty_window),
            dry,
            logit_bias: self.logit_bias.into_iter().collect(),
            log_probabilities: self.log_probabilities,
            seed: self.seed,
        }
    }
}

/// A token's number and what is added to its logit.
fn bias(text: &str) -> Result<(u32, f32), String> {
    let parts = text.split_once(':').ok_or("write it as ID:X, such as 151643:-2.5")?;
    let id = parts.0.trim().parse().map_err(|_| format!("`{}` is no token's number", parts.0))?;
    let bias = parts.1.trim().parse().map_err(|_| format!("`{}` is no number", parts.1))?;
    Ok((id, bias))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_is_a_token_and_a_number() {
        assert_eq!(bias("7:-2.5"), Ok((7, -2.5)));
        assert_eq!(bias("7:-inf"), Ok((7, f32::NEG_INFINITY)));
        for text in ["7", "x:1", "7:", "-1:2", "7:1:2"] {
            assert!(bias(text).is_err(), "{text}");
        }
    }
}
