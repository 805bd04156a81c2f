//! The page of formats, from the goldens that the tests compare with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What `tools/make_goldens.py` wrote.
const INDEX: &str = "crates/inference/tests/golden/index.json";

const FAMILIES: [(&str, &str); 5] = [
    ("llama", "Llama 2, 3"),
    ("mistral", "Mistral"),
    ("qwen2", "Qwen2, 2.5"),
    ("qwen3", "Qwen3"),
    ("qwen3_moe", "Qwen3-MoE"),
];

const HEAD: &str = "\
# Formats

Which weights run, by family. `cargo xtask generate` makes this page from the
goldens that the tests compare with: a cell is `tested` where a checkpoint of
this format and family gives the logits of the reference within 0.001 when it
is computed in f32, and where its quantised products point the same way (the
tests tell how closely). References are transformers for safetensors,
transformers with weights dequantised by gguf-py for GGUF, and mlx-lm for MLX.

";

const TAIL: &str = "
The kernels of each instruction set are tested on every type by themselves,
against plain Rust, wherever the tests run on such a machine: `scalar`, `avx2`,
`avx-vnni`, `avx512` and `amx` have passed on processors that have them, `neon`
and `neon-i8mm` in emulators alone. Rows of weights may be any multiple of 32,
or of what the format's blocks take.

| device | engine | state |
|---|---|---|
| CPU | `cpu` (the default) | as above |
| CPU | `reference` (candle) | F32, F16, BF16 and GGUF types but IQ4_NL and MXFP4, of Llama, Mistral without a window and Qwen2: tested. MLX folders, Qwen3, mixtures and windows: refused by name |
| CUDA, Metal | – | untested |

Refused by name, whatever the family: other GGUF types (such as IQ2_XS or
TQ1_0), GPTQ, AWQ, FP8 and bitsandbytes folders, models split into several
GGUF files.
";

/// Writes the page into a folder.
pub fn write(root: &Path, folder: &Path) -> Result<()> {
    let place = root.join(INDEX);
    let text = fs::read(&place).with_context(|| format!("cannot read {}", place.display()))?;
    let index: Value = serde_json::from_slice(&text).context("the goldens' index is no JSON")?;
    fs::write(folder.join("formats.md"), page(&index)).context("cannot write formats.md")
}

fn page(index: &Value) -> String {
    let mut rows: BTreeMap<(usize, String), BTreeSet<&str>> = BTreeMap::new();
    for cell in index["cells"].as_array().into_iter().flatten() {
        let config = cell["config"].as_str().unwrap_or_default();
        // The longest name: one family's begins with another's.
        let family = FAMILIES.iter().rev().find(|(name, _)| config.starts_with(name));
        if let (Some((family, _)), Some(row)) = (family, row(&cell["format"])) {
            rows.entry(row).or_default().insert(family);
        }
    }
    let mut page = HEAD.to_owned();
    let names = FAMILIES.map(|(_, name)| name).join(" | ");
    page += &format!("| format | {names} |\n|---{}|\n", "|---".repeat(FAMILIES.len()));
    for ((_, format), families) in rows {
        let cell = |(name, _): &(&str, &str)| {
            if families.contains(name) { "tested" } else { "untested" }
        };
        let cells: Vec<_> = FAMILIES.iter().map(cell).collect();
        let _ = writeln!(page, "| {format} | {} |", cells.join(" | "));
    }
    page + TAIL
}

/// A format's place among the others and its name.
fn row(format: &Value) -> Option<(usize, String)> {
    let text = |key: &str| format[key].as_str();
    match text("kind")? {
        "safetensors" => Some((0, format!("safetensors {}", text("dtype")?))),
        "gguf" if format["types"].as_object().is_some_and(|types| !types.is_empty()) => {
            Some((2, "GGUF Q4_K_M (Q4_K and Q6_K)".to_owned()))
        }
        "gguf" => Some((1, format!("GGUF {}", text("type")?))),
        _ => {
            let packing = &format["quantization"];
            // mlx-lm always gives routers bits of their own.
            let mixed = packing.as_object()?.iter().any(|(path, value)| {
                path.contains('.') && !path.ends_with(".mlp.gate") && !value.is_number()
            });
            let (bits, group) = (packing["bits"].as_u64()?, packing["group_size"].as_u64()?);
            Some(match packing["mode"].as_str().unwrap_or("affine") {
                _ if mixed => (5, "MLX mixed by layer".to_owned()),
                "affine" => (3, format!("MLX {bits}-bit, groups of {group}")),
                mode => (4, format!("MLX {mode}")),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_tested_where_a_golden_says_so() {
        let cell = |config: &str, format: Value| json!({"config": config, "format": format});
        let index = json!({"cells": [
            cell("qwen3-wide", json!({"kind": "gguf", "type": "Q4_K"})),
            cell("qwen3_moe-wide", json!({"kind": "gguf", "type": "Q4_K"})),
            cell("llama-wide", json!({"kind": "mlx", "quantization": {"bits": 4, "group_size": 64}})),
        ]});
        let page = page(&index);
        let row = "| GGUF Q4_K | untested | untested | untested | tested | tested |";
        assert!(page.contains(row), "{page}");
        let row =
            "| MLX 4-bit, groups of 64 | tested | untested | untested | untested | untested |";
        assert!(page.contains(row), "{page}");
    }
}
