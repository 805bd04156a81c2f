//! What was compared, for people and for programs.

use serde_json::{Value, json};

use crate::bench::figures::{Figures, median, range, ratio};
use crate::bench::options::Counts;
use crate::bench::peer::Peer;

/// All runs with one model and one number of threads. Ours is the first.
pub struct Comparison {
    pub model: String,
    pub threads: usize,
    pub rows: Vec<Row>,
}

/// The runs of one program.
pub struct Row {
    pub peer: Peer,
    pub counts: Counts,
    /// Why there are none, or no more.
    pub problem: Option<String>,
    pub rounds: Vec<Option<Figures>>,
}

type Speed = fn(&Figures) -> f64;
const PREFILL: Speed = |figures| figures.prefill_tokens_per_second;
const DECODE: Speed = |figures| figures.decode_tokens_per_second;

impl Comparison {
    /// A table in Markdown, the ratios first.
    pub fn table(&self) -> String {
        let mut text = format!("### {}, {} threads\n\n", self.model, self.threads);
        text.push_str(
            "| program | ours is × in prefill | × in decode | prefill, tokens/s | decode, tokens/s \
             | load, ms | first token, ms | memory loaded, MiB | at most, MiB |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            text.push_str(&self.line(row));
        }
        if let Some([prefill, decode]) = self.best_llama_cpp() {
            text.push_str(&format!(
                "\nAgainst the better path of llama.cpp: prefill {prefill:.2}×, decode {decode:.2}×.\n"
            ));
        }
        text
    }

    fn line(&self, row: &Row) -> String {
        let Counts { prompt, generate } = row.counts;
        let name = format!("{} ({prompt} + {generate} tokens)", row.peer.name());
        if row.rounds.iter().flatten().count() == 0 {
            let problem = row.problem.as_deref().unwrap_or("no run");
            return format!("| {name} | – | – | {problem} | | | | | |\n");
        }
        let times = |of: Speed| match self.ratio(row, of) {
            _ if row.peer == Peer::Ours => "1".to_owned(),
            Some(ratio) => format!("{ratio:.2}"),
            None => "–".to_owned(),
        };
        let speed = |of: Speed| {
            let middle = median(&row.rounds, |figures| Some(of(figures)));
            let Some((middle, (least, most))) = middle.zip(range(&row.rounds, of)) else {
                return "–".to_owned();
            };
            format!("{middle:.1} ({least:.1} to {most:.1})")
        };
        let shown = |of: fn(&Figures) -> Option<f64>, unit: f64| {
            let middle = median(&row.rounds, of);
            middle.map_or_else(|| "–".to_owned(), |value| format!("{:.0}", value / unit))
        };
        let mebibytes = f64::from(1 << 20);
        let cells = [
            times(PREFILL),
            times(DECODE),
            speed(PREFILL),
            speed(DECODE),
            shown(|figures| Some(figures.load_ms), 1.0),
            shown(|figures| Some(figures.time_to_first_token_ms), 1.0),
            shown(|figures| figures.loaded_resident_bytes, mebibytes),
            shown(|figures| figures.peak_resident_bytes, mebibytes),
        ];
        let problem = row.problem.as_ref().map(|problem| format!("; then: {problem}"));
        format!("| {name}{} | {} |\n", problem.unwrap_or_default(), cells.join(" | "))
    }

    fn ratio(&self, row: &Row, of: Speed) -> Option<f64> {
        let ours = self.rows.iter().find(|row| row.peer == Peer::Ours)?;
        ratio(&ours.rounds, &row.rounds, of)
    }

    /// Prefill and decode against whichever path of llama.cpp is faster in it.
    fn best_llama_cpp(&self) -> Option<[f64; 2]> {
        let least = |of: Speed| {
            let rows = self.rows.iter().filter(|row| row.peer.is_llama_cpp());
            rows.filter_map(|row| self.ratio(row, of)).reduce(f64::min)
        };
        Some([least(PREFILL)?, least(DECODE)?])
    }

    /// The same as a document.
    pub fn json(&self) -> Value {
        let best = self.best_llama_cpp();
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let middle = |of: Speed| median(&row.rounds, |figures| Some(of(figures)));
                json!({
                    "program": row.peer.name(),
                    "prefill_ratio": self.ratio(row, PREFILL),
                    "decode_ratio": self.ratio(row, DECODE),
                    "prefill_tokens_per_second": middle(PREFILL),
                    "decode_tokens_per_second": middle(DECODE),
                    "prompt_tokens": row.counts.prompt,
                    "generate_tokens": row.counts.generate,
                    "problem": row.problem,
                    "rounds": row.rounds.iter().map(|round| round.map(|run| run.json()))
                        .collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({
            "model": self.model,
            "threads": self.threads,
            "prefill_ratio_to_best_llama_cpp": best.map(|best| best[0]),
            "decode_ratio_to_best_llama_cpp": best.map(|best| best[1]),
            "programs": rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::speeds;

    fn comparison() -> Comparison {
        let counts = Counts { prompt: 512, generate: 128 };
        let row = |peer, rounds: &[(f64, f64)], problem: Option<&str>| Row {
            peer,
            counts,
            problem: problem.map(str::to_owned),
            rounds: rounds
                .iter()
                .map(|(prefill, decode)| Some(speeds(*prefill, *decode)))
                .collect(),
        };
        Comparison {
            model: "tiny-q4_0.gguf".to_owned(),
            threads: 2,
            rows: vec![
                row(Peer::Ours, &[(400.0, 40.0), (400.0, 30.0), (200.0, 20.0)], None),
                row(Peer::LlamaCppRepack, &[(100.0, 40.0), (200.0, 20.0), (100.0, 20.0)], None),
                row(Peer::LlamaCppPlain, &[(50.0, 20.0), (40.0, 10.0)], Some("took too long")),
                row(Peer::MlxLm, &[], Some("not there")),
            ],
        }
    }

    #[test]
    fn the_ratios_stand_first() {
        let table = comparison().table();
        let lines: Vec<&str> = table.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "| mlx-code (512 + 128 tokens) | 1 | 1 | 400.0 (200.0 to 400.0) | 30.0 (20.0 to 40.0) | 250 | 1280 | 1024 | – |",
                "| llama.cpp, repacked (512 + 128 tokens) | 2.00 | 1.00 | 100.0 (100.0 to 200.0) | 20.0 (20.0 to 40.0) | 250 | 5120 | 1024 | – |",
                "| llama.cpp, not repacked (512 + 128 tokens); then: took too long | 9.00 | 2.50 | 45.0 (40.0 to 50.0) | 15.0 (10.0 to 20.0) | 250 | 11520 | 1024 | – |",
                "| mlx-lm (512 + 128 tokens) | – | – | not there | | | | | |",
                "",
                "Against the better path of llama.cpp: prefill 2.00×, decode 1.00×.",
            ]
        );
    }

    #[test]
    fn the_document_has_every_round() {
        let document = comparison().json();
        assert_eq!(document["prefill_ratio_to_best_llama_cpp"], 2.0);
        assert_eq!(document["programs"][1]["prefill_ratio"], 2.0);
        assert_eq!(document["programs"][2]["rounds"].as_array().unwrap().len(), 2);
        assert_eq!(document["programs"][3]["problem"], "not there");
        assert_eq!(document["programs"][3]["prefill_ratio"], Value::Null);
    }
}
