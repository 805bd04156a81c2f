//! Temporary.
#![allow(clippy::all, clippy::pedantic, clippy::print_stdout, clippy::unwrap_used)]
use mlxcode_inference::{LoadOptions, reference_logits};
use mlxcode_models::InstalledModel;
fn main() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut all = serde_json::Map::new();
    let mut names: Vec<_> = std::fs::read_dir(&root).unwrap().map(|f| f.unwrap().path()).collect();
    names.sort();
    for dir in names {
        let g: serde_json::Value =
            serde_json::from_slice(&std::fs::read(dir.join("golden.json")).unwrap()).unwrap();
        let gguf = dir.join("model.gguf");
        let m = InstalledModel::check_in_place(if gguf.exists() { &gguf } else { &dir }).unwrap();
        let mut row = serde_json::Map::new();
        for (mode, deq) in [("exact", true), ("quant", false)] {
            let mut o = LoadOptions::default();
            o.dequantize = deq;
            for (p, n) in [("prompt", 3), ("long_prompt", 1)] {
                let ids: Vec<u32> = serde_json::from_value(g[p].clone()).unwrap();
                let l = reference_logits(&m, &o, &ids).unwrap();
                row.insert(format!("{mode}_{p}"), serde_json::json!(&l[l.len() - n..]));
            }
        }
        all.insert(dir.file_name().unwrap().to_str().unwrap().into(), row.into());
    }
    println!("{}", serde_json::Value::from(all));
}
