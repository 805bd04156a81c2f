use mlxcode_models::{Error, SamplingOptions};

/// Refuses options out of their range.
pub fn check(options: &SamplingOptions) -> Result<(), Error> {
    let SamplingOptions { temperature, top_p, min_p, typical_p, .. } = *options;
    let at_least = |value: f32, least: f32| value.is_finite() && value >= least;
    let share = |value: f32| value > 0.0 && value <= 1.0;
    let checks = [
        ("temperature", temperature, at_least(temperature, 0.0), "0 or more"),
        ("top_p", top_p, share(top_p), "more than 0 and at most 1"),
        ("min_p", min_p, (0.0..1.0).contains(&min_p), "0 or more and less than 1"),
        ("typical_p", typical_p, share(typical_p), "more than 0 and at most 1"),
        {
            let penalty = options.repeat_penalty;
            ("repeat_penalty", penalty, penalty.is_finite() && penalty > 0.0, "more than 0")
        },
        {
            let penalty = options.presence_penalty;
            ("presence_penalty", penalty, penalty.is_finite(), "a finite number")
        },
        {
            let penalty = options.frequency_penalty;
            ("frequency_penalty", penalty, penalty.is_finite(), "a finite number")
        },
        {
            let multiplier = options.dry.multiplier;
            ("dry_multiplier", multiplier, at_least(multiplier, 0.0), "0 or more")
        },
        ("dry_base", options.dry.base, at_least(options.dry.base, 1.0), "1 or more"),
    ];
    for (option, value, fine, range) in checks {
        if !fine {
            return Err(Error::InvalidOption { option, value: value.to_string(), range });
        }
    }
    if options.dry.allowed_length == 0 {
        let (option, range) = ("dry_allowed_length", "1 or more");
        return Err(Error::InvalidOption { option, value: "0".to_owned(), range });
    }
    for (id, bias) in &options.logit_bias {
        if bias.is_nan() || *bias == f32::INFINITY {
            return Err(Error::InvalidOption {
                option: "logit_bias",
                value: format!("{bias} for token {id}"),
                range: "a finite number or minus infinity",
            });
        }
    }
    Ok(())
}
