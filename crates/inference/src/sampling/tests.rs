mod definition;

use std::collections::BTreeMap;

use super::*;

/// Logits that look like a model's, some of them ruled out where `holes`.
fn made(seed: u64, count: usize, spread: f32, holes: bool) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut logits: Vec<f32> = (0..count)
        .map(|_| {
            let normal = (0..12).map(|_| unit(&mut random)).sum::<f64>() - 6.0;
            normal as f32 * spread
        })
        .collect();
    for logit in logits.iter_mut().skip(1).step_by(3).filter(|_| holes) {
        *logit = f32::NEG_INFINITY;
    }
    logits
}

fn sampler(options: &SamplingOptions) -> Sampler {
    Sampler::with_text(options, Box::new(|id| Ok(format!("{id} ")))).unwrap()
}

fn hot() -> SamplingOptions {
    SamplingOptions { temperature: 1.0, seed: 7, ..SamplingOptions::default() }
}

/// What the sampler would draw, with the probabilities.
fn distribution(options: &SamplingOptions, logits: &[f32], seen: &[u32]) -> BTreeMap<u32, f64> {
    let mut sampler = sampler(options);
    let mut logits = logits.to_vec();
    sampler.observe(seen).unwrap();
    sampler.adjust(&mut logits);
    let peak = scan::peak(&logits).unwrap().logit;
    sampler.cuts.apply(&mut sampler.candidates, &logits, peak);
    sampler.candidates.draw(options.temperature, 0.0);
    let kept = sampler.candidates.kept();
    let total: f64 = kept.iter().map(|one| f64::from(one.weight)).sum();
    kept.iter().map(|one| (one.id, f64::from(one.weight) / total)).collect()
}

/// Every cut alone, and several together.
fn cuts() -> Vec<SamplingOptions> {
    vec![
        hot(),
        SamplingOptions { temperature: 0.3, ..hot() },
        SamplingOptions { temperature: 2.5, ..hot() },
        SamplingOptions { top_k: 1, ..hot() },
        SamplingOptions { top_k: 40, ..hot() },
        SamplingOptions { top_k: 900, ..hot() },
        SamplingOptions { top_p: 0.05, ..hot() },
        SamplingOptions { top_p: 0.5, ..hot() },
        SamplingOptions { top_p: 0.999, ..hot() },
        SamplingOptions { min_p: 0.001, ..hot() },
        SamplingOptions { min_p: 0.4, ..hot() },
        SamplingOptions { typical_p: 0.1, ..hot() },
        SamplingOptions { typical_p: 0.9, ..hot() },
        SamplingOptions { top_p: 0.9, min_p: 0.05, temperature: 0.7, ..hot() },
        SamplingOptions { top_p: 0.6, typical_p: 0.7, ..hot() },
        // The likeliest token goes, and what min-p compares with changes.
        SamplingOptions { min_p: 0.4, typical_p: 0.5, ..hot() },
        SamplingOptions { top_k: 40, top_p: 0.9, temperature: 0.7, ..hot() },
        SamplingOptions { top_k: 50, top_p: 0.8, min_p: 0.05, typical_p: 0.95, ..hot() },
    ]
}

#[test]
fn what_may_be_drawn_is_what_the_definitions_say() {
    for options in cuts() {
        for (seed, count) in [1, 2, 3, 63, 64, 65, 700, 3000].into_iter().enumerate() {
            for (spread, holes) in [(0.01, false), (1.0, true), (3.0, false), (8.0, true)] {
                let logits = made(seed as u64, count, spread, holes);
                let ours = distribution(&options, &logits, &[]);
                let expect = definition::distribution(&options, &logits);
                let about = format!("{options:?}\n{count} logits, spread {spread}");
                let ids: Vec<u32> = expect.iter().map(|token| token.0).collect();
                assert_eq!(ours.keys().copied().collect::<Vec<_>>(), ids, "{about}");
                for (id, share) in expect {
                    assert!((ours[&id] - share).abs() < 1e-6, "{about}, token {id}");
                }
            }
        }
    }
}

#[test]
fn what_may_be_drawn_is_what_transformers_keeps() {
    let cases = include_str!("../../tests/fixtures/sampling/transformers.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(cases).unwrap();
    assert!(cases.len() > 20);
    for case in &cases {
        let read = |name: &str| -> Vec<f64> {
            case[name].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect()
        };
        let logits: Vec<f32> = read("logits").iter().map(|logit| *logit as f32).collect();
        let seen: Vec<u32> = read("seen").iter().map(|id| *id as u32).collect();
        let given = |name: &str, default: f32| {
            case["options"].get(name).map_or(default, |value| value.as_f64().unwrap() as f32)
        };
        let options = SamplingOptions {
            temperature: given("temperature", 1.0),
            top_k: given("top_k", 0.0) as usize,
            top_p: given("top_p", 1.0),
            min_p: given("min_p", 0.0),
            typical_p: given("typical_p", 1.0),
            repeat_penalty: given("repeat_penalty", 1.0),
            penalty_window: None,
            ..hot()
        };
        let ours = distribution(&options, &logits, &seen);
        let kept = case["kept"].as_object().unwrap();
        assert_eq!(ours.len(), kept.len(), "{}", case["options"]);
        for (id, share) in &ours {
            let expect = kept[&id.to_string()].as_f64().unwrap();
            assert!((share - expect).abs() < 2e-6, "{}: token {id}", case["options"]);
        }
    }
}

#[test]
fn a_draw_is_where_the_running_sum_passes_the_point() {
    for (count, spread, temperature) in [(1, 1.0, 1.0), (10, 1.0, 0.5), (5000, 2.0, 1.3)] {
        let logits = made(5, count, spread, count > 1);
        let options = SamplingOptions { temperature, ..hot() };
        let shares = definition::distribution(&options, &logits);
        let peak = scan::peak(&logits).unwrap().logit;
        let mut candidates = Candidates::default();
        for step in 0..200 {
            let point = f64::from(step) / 200.0;
            candidates.fill(&logits, f32::NEG_INFINITY);
            let drawn = [
                candidates.draw(temperature, point).unwrap(),
                candidates.draw_of_all(&logits, peak, temperature, point).unwrap(),
            ];
            for id in drawn {
                let before = shares.iter().filter(|token| token.0 < id);
                let before: f64 = before.map(|token| token.1).sum();
                let own = shares.iter().find(|token| token.0 == id).unwrap().1;
                let near = before - 1e-6..before + own + 1e-6;
                assert!(near.contains(&point), "{point}: {id} has {near:?}");
            }
        }
    }
}

#[test]
fn draws_follow_the_distribution() {
    let logits = made(2, 12, 1.0, true);
    for options in [
        hot(),
        SamplingOptions { temperature: 0.6, ..hot() },
        SamplingOptions { top_k: 5, ..hot() },
        SamplingOptions { top_p: 0.8, temperature: 1.5, ..hot() },
    ] {
        let draws = 20_000;
        let mut sampler = sampler(&options);
        let mut counts = vec![0; logits.len()];
        for _ in 0..draws {
            counts[sampler.choose(&mut logits.clone()).unwrap().id as usize] += 1;
        }
        let shares = definition::distribution(&options, &logits);
        let mut left = draws;
        let mut chi_square = 0.0;
        for (id, share) in &shares {
            let (count, expect) = (counts[*id as usize], share * f64::from(draws));
            left -= count;
            chi_square += (f64::from(count) - expect).powi(2) / expect;
        }
        assert_eq!(left, 0, "a token that was cut was drawn: {counts:?}");
        // With up to 7 degrees of freedom, chance goes beyond 30 once in 10⁴.
        assert!(shares.len() <= 8 && chi_square < 30.0, "{chi_square}: {options:?}");
    }
}

#[test]
fn the_seed_decides() {
    let logits = made(9, 500, 1.0, false);
    let draws = |seed| -> Vec<u32> {
        let mut sampler = sampler(&SamplingOptions { seed, top_p: 0.95, ..hot() });
        (0..50).map(|_| sampler.choose(&mut logits.clone()).unwrap().id).collect()
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
}

#[test]
fn the_order_of_the_vocabulary_changes_nothing() {
    let count = 1000_u32;
    // 7 and 1000 have no common divisor: every number once.
    let place = |id: u32| id * 7 % count;
    let logits = made(4, count as usize, 2.0, false);
    let mut moved = vec![0.0; count as usize];
    for (id, logit) in (0..count).zip(&logits) {
        moved[place(id) as usize] = *logit;
    }
    for options in cuts() {
        let kept = distribution(&options, &logits, &[]);
        let kept: BTreeMap<u32, f64> =
            kept.iter().map(|(id, share)| (place(*id), *share)).collect();
        let other = distribution(&options, &moved, &[]);
        assert!(kept.keys().eq(other.keys()), "{options:?}");
        assert!(kept.values().zip(other.values()).all(|(a, b)| (a - b).abs() < 1e-9));
    }
    let mut greedy = sampler(&SamplingOptions::default());
    let chosen = greedy.choose(&mut logits.clone()).unwrap().id;
    assert_eq!(greedy.choose(&mut moved).unwrap().id, place(chosen));
}

#[test]
fn of_equals_the_lowest_numbers_stay() {
    let logits = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0];
    let kept = |options| distribution(&options, &logits, &[]).into_keys().collect::<Vec<_>>();
    assert_eq!(kept(SamplingOptions { top_k: 2, ..hot() }), [1, 3]);
    assert_eq!(kept(SamplingOptions { top_k: 4, ..hot() }), [0, 1, 3, 5]);
    // Each 2 has 0.24, each 1 has 0.09.
    assert_eq!(kept(SamplingOptions { top_p: 0.4, ..hot() }), [1, 3]);
    assert_eq!(kept(SamplingOptions { top_p: 0.8, ..hot() }), [0, 1, 3, 5]);
    assert_eq!(sampler(&SamplingOptions::default()).choose(&mut logits.clone()).unwrap().id, 1);
    // Many more equals than are collected at once.
    let flat = vec![0.5; 10_000];
    let kept = distribution(&SamplingOptions { top_k: 3, ..hot() }, &flat, &[]);
    assert!(kept.into_keys().eq([0, 1, 2]));
    let rising: Vec<f32> = (0..10_000_u16).map(f32::from).collect();
    let kept = distribution(&SamplingOptions { top_k: 3, ..hot() }, &rising, &[]);
    assert!(kept.into_keys().eq([9_997, 9_998, 9_999]));
}

#[test]
fn greedy_takes_the_likeliest_whatever_the_cuts() {
    // The likeliest token is the least typical one here.
    let logits = [3.0, 1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 0.9];
    let typical = SamplingOptions { typical_p: 0.3, ..hot() };
    assert!(!distribution(&typical, &logits, &[]).contains_key(&0));
    let greedy = SamplingOptions { temperature: 0.0, ..typical };
    assert_eq!(sampler(&greedy).choose(&mut logits.clone()).unwrap().id, 0);
}

#[test]
fn biases_move_and_ban() {
    let choose = |bias: &[(u32, f32)]| {
        let logit_bias = bias.iter().copied().collect();
        let mut sampler = sampler(&SamplingOptions { logit_bias, ..SamplingOptions::default() });
        sampler.choose(&mut [3.0, 2.0, 1.0]).map(|choice| choice.id)
    };
    let ban = f32::NEG_INFINITY;
    assert_eq!(choose(&[]).unwrap(), 0);
    assert_eq!(choose(&[(0, -0.5)]).unwrap(), 0);
    assert_eq!(choose(&[(0, -1.5)]).unwrap(), 1);
    assert_eq!(choose(&[(0, -100.0), (1, ban)]).unwrap(), 2);
    assert_eq!(choose(&[(2, 2.5), (77, 9.0)]).unwrap(), 2);
    assert!(matches!(choose(&[(0, ban), (1, ban), (2, ban)]), Err(Error::NotFinite)));
    // The penalty comes after the bias: 3 − 4 is negative, and so doubled.
    let options = SamplingOptions {
        logit_bias: [(0, -4.0)].into(),
        repeat_penalty: 2.0,
        ..SamplingOptions::default()
    };
    let mut sampler = sampler(&options);
    sampler.observe(&[0]).unwrap();
    let mut logits = vec![3.0, -3.0];
    sampler.choose(&mut logits).unwrap();
    assert_eq!(logits, [-2.0, -3.0]);
}

#[test]
fn a_repeated_token_or_sequence_loses() {
    let options = SamplingOptions { repeat_penalty: 2.0, ..SamplingOptions::default() };
    let mut repeat = sampler(&options);
    assert_eq!(repeat.choose(&mut [1.0, 0.9]).unwrap().id, 0);
    repeat.observe(&[0]).unwrap();
    assert_eq!(repeat.choose(&mut [1.0, 0.9]).unwrap().id, 1);
    assert_eq!(repeat.choose(&mut [-1.0, -1.5]).unwrap().id, 1);

    let mut options = SamplingOptions::default();
    options.dry.multiplier = 1.0;
    let mut dry = sampler(&options);
    dry.observe(&[0, 1, 2, 0]).unwrap();
    assert_eq!(dry.choose(&mut [0.0, 0.0, 0.5]).unwrap().id, 2);
    dry.observe(&[1]).unwrap();
    assert_eq!(dry.choose(&mut [0.0, 0.1, 0.5]).unwrap().id, 1);
}

#[test]
fn log_probabilities_are_those_of_the_model() {
    let logits = made(6, 2000, 2.0, true);
    let numbered = logits.iter().zip(0..).map(|(logit, id)| (id, f64::from(*logit)));
    let mut expect = definition::softmax(&numbered.collect(), 1.0);
    expect.sort_by(|a, b| b.1.total_cmp(&a.1));
    let check = |count: usize| {
        let options = SamplingOptions {
            log_probabilities: Some(count),
            logit_bias: [(expect[0].0, f32::NEG_INFINITY)].into(),
            ..SamplingOptions::default()
        };
        let choice = sampler(&options).choose(&mut logits.clone()).unwrap();
        let report = choice.log_probabilities.unwrap();
        // The best is banned and still reported as the best.
        assert_eq!(choice.id, expect[1].0);
        assert!((f64::from(report.chosen) - expect[1].1.ln()).abs() < 1e-5);
        let possible = expect.iter().filter(|token| token.1 > 0.0).count();
        assert_eq!(report.top.len(), count.min(possible));
        for ((id, log), (expect_id, share)) in report.top.iter().zip(&expect) {
            assert_eq!(id, expect_id);
            assert!((f64::from(*log) - share.ln()).abs() < 1e-5);
        }
    };
    for count in [0, 1, 5, 5000] {
        check(count);
    }
    let choice = sampler(&SamplingOptions::default()).choose(&mut logits.clone()).unwrap();
    assert!(choice.log_probabilities.is_none());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dry = |change: fn(&mut SamplingOptions)| {
        let mut options = hot();
        change(&mut options);
        options
    };
    let wrong = [
        ("temperature", SamplingOptions { temperature: -1.0, ..hot() }),
        ("temperature", SamplingOptions { temperature: f32::NAN, ..hot() }),
        ("top_p", SamplingOptions { top_p: 0.0, ..hot() }),
        ("top_p", SamplingOptions { top_p: 1.1, ..hot() }),
        ("min_p", SamplingOptions { min_p: 1.0, ..hot() }),
        ("typical_p", SamplingOptions { typical_p: 0.0, ..hot() }),
        ("typical_p", SamplingOptions { typical_p: f32::NAN, ..hot() }),
        ("repeat_penalty", SamplingOptions { repeat_penalty: 0.0, ..hot() }),
        ("presence_penalty", SamplingOptions { presence_penalty: f32::INFINITY, ..hot() }),
        ("frequency_penalty", SamplingOptions { frequency_penalty: f32::NAN, ..hot() }),
        ("logit_bias", SamplingOptions { logit_bias: [(1, f32::NAN)].into(), ..hot() }),
        ("logit_bias", SamplingOptions { logit_bias: [(1, f32::INFINITY)].into(), ..hot() }),
        ("dry_multiplier", dry(|options| options.dry.multiplier = -0.1)),
        ("dry_base", dry(|options| options.dry.base = 0.9)),
        ("dry_allowed_length", dry(|options| options.dry.allowed_length = 0)),
    ];
    for (name, options) in wrong {
        let refused = Sampler::with_text(&options, Box::new(|_| Ok(String::new())));
        let Err(ModelsError::InvalidOption { option, .. }) = refused else {
            panic!("{name} was accepted")
        };
        assert_eq!(option, name);
    }
}

#[test]
fn logits_that_are_no_numbers_are_refused() {
    for options in cuts().into_iter().chain([SamplingOptions::default()]) {
        let mut sampler = sampler(&options);
        for wrong in [f32::NAN, f32::INFINITY] {
            let chosen = sampler.choose(&mut [wrong, 1.0]);
            assert!(matches!(chosen, Err(Error::NotFinite)), "{wrong}");
        }
        let none = sampler.choose(&mut [f32::NEG_INFINITY; 2]);
        assert!(matches!(none, Err(Error::NotFinite)));
        assert!(matches!(sampler.choose(&mut []), Err(Error::NotFinite)));
        assert_eq!(sampler.choose(&mut [f32::NEG_INFINITY, 1.0]).unwrap().id, 1);
        // Far apart, and as cold and as hot as can be.
        assert_eq!(sampler.choose(&mut [f32::MIN, 1.0]).unwrap().id, 1);
    }
    for temperature in [f32::MIN_POSITIVE, f32::MAX] {
        for top_k in [0, 2] {
            let mut sampler = sampler(&SamplingOptions { temperature, top_k, ..hot() });
            let id = sampler.choose(&mut [0.5, 1.0, f32::NEG_INFINITY]).unwrap().id;
            assert!(id == 1 || (temperature > 1.0 && id == 0));
        }
    }
}
