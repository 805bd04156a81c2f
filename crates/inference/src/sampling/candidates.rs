//! The tokens that may be drawn, and what cuts them down.

use std::cmp::Ordering;

use super::scan;

/// Logits that are skipped together where none is large enough.
const SKIP: usize = 64;

/// A place in an order by logits is told to this part of a nat, up to 32 nats:
/// what is further away has no weight to speak of.
const BUCKETS_PER_NAT: f64 = 64.0;
const BUCKETS: usize = 2048;

/// Nats by which a floor is lowered: far more than the rounding of weights and
/// sums, far less than what would let many more tokens in.
const MARGIN: f64 = 1e-3;

/// A token that may be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    pub id: u32,
    pub logit: f32,
    /// Its probability before any cut, times a common factor; 0 until
    /// [`Candidates::weigh`].
    pub weight: f32,
}

/// Tokens that may be drawn, by ascending number: no result depends on how a
/// selection leaves what it went through.
#[derive(Debug, Default)]
pub struct Candidates {
    kept: Vec<Candidate>,
    /// The sum of the weights, those too small to be kept included.
    total: f64,
    /// The mean of the logits by their weights.
    mean: f64,
    scratch: Vec<Candidate>,
    /// Sums of weights, of blocks or of buckets.
    sums: Vec<f64>,
}

impl Candidates {
    #[cfg(test)]
    pub fn kept(&self) -> &[Candidate] {
        &self.kept
    }

    /// Takes the tokens whose logit is at least `floor`, without those that are
    /// ruled out.
    pub fn fill(&mut self, logits: &[f32], floor: f32) {
        self.kept.clear();
        for (block, start) in logits.chunks(SKIP).zip((0..).step_by(SKIP)) {
            if scan::largest(block).is_some_and(|most| most < floor) {
                continue;
            }
            // Written first and counted then: where about half are kept, no
            // processor guesses which.
            let mut count = self.kept.len();
            self.kept.resize(count + block.len(), Candidate::default());
            for (logit, id) in block.iter().zip(start..) {
                self.kept[count] = Candidate { id, logit: *logit, weight: 0.0 };
                count += usize::from(*logit >= floor && *logit > f32::NEG_INFINITY);
            }
            self.kept.truncate(count);
        }
    }

    /// Takes the `k` tokens with the largest logits, of equals those with the
    /// lower number (top-k: Fan et al. 2018, "Hierarchical Neural Story
    /// Generation").
    pub fn fill_with_largest(&mut self, logits: &[f32], k: usize) {
        largest(logits, k, &mut self.kept);
        self.kept.sort_unstable_by_key(|candidate| candidate.id);
    }

    /// Computes the weights, `exp(logit − peak)`, and what the cuts need of the
    /// distribution that these tokens are.
    pub fn weigh(&mut self, peak: f32) {
        self.weigh_part(peak);
        self.total = sum(&self.kept);
        let parts = self.kept.iter().map(|c| f64::from(c.weight) * f64::from(c.logit - peak));
        self.mean = f64::from(peak) + parts.sum::<f64>() / self.total;
    }

    /// As [`weigh`](Self::weigh), of tokens out of the distribution that
    /// [`measure`](Self::measure) saw.
    pub fn weigh_part(&mut self, peak: f32) {
        for candidate in &mut self.kept {
            candidate.weight = scan::exp(candidate.logit - peak);
        }
    }

    /// Reads the distribution that all the logits are.
    pub fn measure(&mut self, logits: &[f32], peak: f32) {
        let (total, first) = scan::moments(logits, peak);
        self.total = total;
        self.mean = f64::from(peak) + first / total;
    }

    /// A logit that all tokens of [`top_p`](Self::top_p) reach, of `count` ones
    /// that were measured.
    ///
    /// Those less likely than `(1 − p) / count` have less than `1 − p`
    /// together, so that the others reach `p` without them.
    pub fn top_p_floor(&self, count: usize, peak: f32, p: f32) -> f32 {
        let least = (1.0 - f64::from(p)) * self.total / count as f64;
        (f64::from(peak) + least.ln() - MARGIN) as f32
    }

    /// A logit that all tokens of [`typical`](Self::typical) reach.
    ///
    /// Those of a logit at least as close to the mean as the peak is come
    /// first, so that they are enough where they reach `p`, as those of
    /// [`top_p_floor`](Self::top_p_floor) do.
    pub fn typical_floor(&self, count: usize, peak: f32, p: f32) -> f32 {
        let opposite = 2.0 * self.mean - f64::from(peak) - MARGIN;
        self.top_p_floor(count, peak, p).min(opposite as f32)
    }

    /// Keeps the tokens whose surprise, `−ln probability`, is closest to the
    /// expected one, the entropy, until their probabilities reach `p` (Meister
    /// et al. 2022, "Locally Typical Sampling", equation 8).
    ///
    /// Both contain the logarithm of the same sum, so the distance is that of
    /// a logit from the mean logit.
    pub fn typical(&mut self, p: f32) {
        let mean = self.mean;
        let distance = |candidate: &Candidate| (f64::from(candidate.logit) - mean).abs();
        let order = |a: &Candidate, b: &Candidate| {
            distance(a).total_cmp(&distance(b)).then_with(|| likelier(a, b))
        };
        self.keep_share(f64::from(p), distance, order);
    }

    /// Keeps the likeliest tokens until their probabilities reach `p` (top-p,
    /// or nucleus: Holtzman et al. 2020, "The Curious Case of Neural Text
    /// Degeneration").
    pub fn top_p(&mut self, p: f32) {
        let most = f64::from(most(&self.kept));
        self.keep_share(f64::from(p), |candidate| most - f64::from(candidate.logit), likelier);
    }

    /// Keeps the tokens at least `p` times as likely as the likeliest one that
    /// is left (Nguyen et al. 2024, "Turning Up the Heat: Min-p Sampling").
    pub fn min_p(&mut self, p: f32) {
        if p > 0.0 {
            let floor = most(&self.kept) + p.ln();
            self.kept.retain(|candidate| candidate.logit >= floor);
        }
    }

    /// Draws by the probabilities at a temperature above 0: the token at which
    /// their running sum goes beyond `unit` of the whole. `None` only where no
    /// token is left.
    pub fn draw(&mut self, temperature: f32, unit: f64) -> Option<u32> {
        let most = most(&self.kept);
        for candidate in &mut self.kept {
            candidate.weight = scan::exp((candidate.logit - most) / temperature);
        }
        let point = unit * sum(&self.kept);
        reach(self.kept.iter().map(|candidate| (candidate.id, candidate.weight)), point)
    }

    /// As [`draw`](Self::draw), of all the logits.
    pub fn draw_of_all(
        &mut self,
        logits: &[f32],
        peak: f32,
        temperature: f32,
        unit: f64,
    ) -> Option<u32> {
        self.sums.clear();
        scan::block_sums(logits, peak, temperature, |sum| self.sums.push(sum));
        let mut point = unit * self.sums.iter().sum::<f64>();
        let mut index = 0;
        for (at, sum) in self.sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
            index = at;
            if point < *sum {
                break;
            }
            point -= sum;
        }
        let weigh = |(id, logit)| (id, scan::exp((logit - peak) / temperature));
        reach(scan::block(logits, index).map(weigh), point)
    }

    /// Keeps the first tokens in an order until they have a share of all the
    /// weight. `place` tells roughly where a token is in this order: 0 or more,
    /// never less for a later one.
    ///
    /// A first pass adds up the weights of like places, so that only the tokens
    /// of the one bucket where the share is reached must be put in order.
    fn keep_share(
        &mut self,
        share: f64,
        place: impl Fn(&Candidate) -> f64,
        order: impl Fn(&Candidate, &Candidate) -> Ordering,
    ) {
        let bucket = |candidate: &Candidate| {
            ((place(candidate) * BUCKETS_PER_NAT) as usize).min(BUCKETS - 1)
        };
        self.sums.clear();
        self.sums.resize(BUCKETS, 0.0);
        for candidate in &self.kept {
            self.sums[bucket(candidate)] += f64::from(candidate.weight);
        }
        let mut missing = share * self.total;
        let mut edge = 0;
        for (at, sum) in self.sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
            edge = at;
            if *sum >= missing {
                break;
            }
            missing -= sum;
        }
        self.scratch.clear();
        self.scratch.extend(self.kept.iter().filter(|candidate| bucket(candidate) == edge));
        if let Some(last) = last_needed(&mut self.scratch, missing, &order) {
            self.kept.retain(|candidate| match bucket(candidate).cmp(&edge) {
                Ordering::Less => true,
                Ordering::Equal => order(candidate, &last).is_le(),
                Ordering::Greater => false,
            });
        }
        self.total = sum(&self.kept);
    }
}

/// The likelier of two first; of equals, the one with the lower number.
pub fn likelier(a: &Candidate, b: &Candidate) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id))
}

/// Leaves in `out` the `k` tokens with the largest logits, in no order.
///
/// What is not below the `k`-th of those so far is collected, and sorted out
/// once there is twice as much as needed: a single pass, which on most logits
/// only compares.
pub fn largest(logits: &[f32], k: usize, out: &mut Vec<Candidate>) {
    let most = k.saturating_mul(2).saturating_add(SKIP);
    let mut floor = f32::NEG_INFINITY;
    out.clear();
    for (block, start) in logits.chunks(SKIP).zip((0..).step_by(SKIP)) {
        // An equal one with a higher number is worse than all that is kept.
        if scan::largest(block).is_some_and(|largest| largest <= floor) {
            continue;
        }
        for (logit, id) in block.iter().zip(start..) {
            if *logit > floor {
                out.push(Candidate { id, logit: *logit, weight: 0.0 });
            }
        }
        if out.len() >= most {
            keep_largest(k, out);
            floor = out.iter().map(|candidate| candidate.logit).fold(f32::INFINITY, f32::min);
        }
    }
    keep_largest(k, out);
}

fn keep_largest(k: usize, out: &mut Vec<Candidate>) {
    if k == 0 {
        out.clear();
    } else if k < out.len() {
        out.select_nth_unstable_by(k - 1, likelier);
        out.truncate(k);
    }
}

/// The last of the candidates that are needed, in an order, for their weights
/// to reach `share`; all of them where they do not.
///
/// Each round splits what is left at its median and goes on in one half: linear
/// time, where sorting them all would not be.
fn last_needed(
    candidates: &mut [Candidate],
    mut share: f64,
    order: impl Fn(&Candidate, &Candidate) -> Ordering,
) -> Option<Candidate> {
    let mut rest = candidates;
    let mut last = None;
    while rest.len() > 1 {
        let middle = rest.len() / 2;
        let (before, median, after) = rest.select_nth_unstable_by(middle, &order);
        let before_sum = sum(before);
        if before_sum >= share {
            rest = before;
            continue;
        }
        share -= before_sum + f64::from(median.weight);
        last = Some(*median);
        if share <= 0.0 {
            return last;
        }
        rest = after;
    }
    rest.first().copied().or(last)
}

/// The token at which the running sum of weights goes beyond a point. Rounding
/// can leave the sum short of it: the last token with a weight, then.
fn reach(weights: impl Iterator<Item = (u32, f32)>, point: f64) -> Option<u32> {
    let mut left = point;
    let mut last = None;
    for (id, weight) in weights.filter(|(_, weight)| *weight > 0.0) {
        last = Some(id);
        left -= f64::from(weight);
        if left < 0.0 {
            break;
        }
    }
    last
}

fn most(candidates: &[Candidate]) -> f32 {
    candidates.iter().map(|candidate| candidate.logit).fold(f32::NEG_INFINITY, f32::max)
}

fn sum(candidates: &[Candidate]) -> f64 {
    candidates.iter().map(|candidate| f64::from(candidate.weight)).sum()
}
