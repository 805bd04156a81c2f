/// Which positions of a run get logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logits {
    /// None: the run is not the last of its prompt.
    None,
    /// The last one.
    Last,
    /// Every one.
    All,
}

/// Some tokens of one sequence, which follow those in its pages.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The tokens.
    pub tokens: &'a [u32],
    /// The position of the first of them.
    pub position: usize,
    /// The pages of the sequence, with room for all its positions.
    pub pages: &'a [u32],
    /// Which positions get logits.
    pub logits: Logits,
}

/// Runs of different sequences, which are computed together: the weights are
/// read once for all of them.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    runs: Vec<Run<'a>>,
    rows: Vec<Row>,
    /// The rows that get logits.
    asked: Vec<usize>,
}

/// One token of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub token: u32,
    pub position: usize,
    /// The number of its run.
    pub run: usize,
}

impl<'a> Batch<'a> {
    /// Puts runs together.
    pub fn new(runs: Vec<Run<'a>>) -> Self {
        let (mut rows, mut asked) = (Vec::new(), Vec::new());
        for (number, run) in runs.iter().enumerate() {
            let first = rows.len();
            rows.extend(run.tokens.iter().enumerate().map(|(place, token)| Row {
                token: *token,
                position: run.position + place,
                run: number,
            }));
            match run.logits {
                Logits::None => {}
                Logits::Last => asked.extend(rows.len().checked_sub(1)),
                Logits::All => asked.extend(first..rows.len()),
            }
        }
        Self { runs, rows, asked }
    }

    /// The runs.
    pub fn runs(&self) -> &[Run<'a>] {
        &self.runs
    }

    /// All tokens, one row each.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that get logits.
    pub fn asked(&self) -> &[usize] {
        &self.asked
    }
}
