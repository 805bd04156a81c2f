//! Models like BERT against sentence-transformers: `tools/make_encoder_goldens.py`
//! made what is expected.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::{Diagnostic as _, Embedder};
use mlxcode_inference::{Encoder, EncoderOptions};
use mlxcode_kernels::Tier;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::checkpoint::noise::{Field, Kind, bytes_of};

#[derive(Deserialize)]
struct Goldens {
    texts: Vec<String>,
    tokenizers: BTreeMap<String, Value>,
    models: BTreeMap<String, Golden>,
}

#[derive(Deserialize)]
struct Golden {
    files: BTreeMap<String, Value>,
    tokenizer: String,
    weights: BTreeMap<String, Vec<usize>>,
    passages: Vec<Vec<f32>>,
    queries: Option<Vec<Vec<f32>>>,
}

impl Goldens {
    fn read() -> Self {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/encoder.json");
        serde_json::from_slice(&fs::read(place).unwrap()).unwrap()
    }

    /// The folder of a model, its weights made of their names.
    fn folder(&self, name: &str, change: impl Fn(&mut BTreeMap<String, Vec<usize>>)) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let golden = &self.models[name];
        let write = |path: &str, text: &Value| {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text.to_string()).unwrap();
        };
        golden.files.iter().for_each(|(path, text)| write(path, text));
        write("tokenizer.json", &self.tokenizers[&golden.tokenizer]);
        let mut weights = golden.weights.clone();
        change(&mut weights);
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (weight, shape) in &weights {
            let is_norm = weight.ends_with("LayerNorm.weight");
            let (exponent, spread, signed) = if is_norm { (-1, 1, false) } else { (-4, 3, true) };
            let field = Field::dense(Kind::F32, exponent, spread, signed);
            let size = 4 * shape.iter().product::<usize>();
            let start = data.len();
            data.extend(bytes_of(&format!("encoder/{name}/{weight}"), size, &[field]));
            let about =
                json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
            header.insert(weight.clone(), about);
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend(data);
        fs::write(folder.path().join("model.safetensors"), file).unwrap();
        folder
    }
}

fn options(tier: Tier, is_exact: bool) -> EncoderOptions {
    let mut options = EncoderOptions::default();
    options.tier = Some(tier.name().to_owned());
    options.is_exact = is_exact;
    options
}

/// How far the vectors of two rows are apart: the largest difference of a
/// number, and the least cosine.
fn apart(found: &[Vec<f32>], expect: &[Vec<f32>]) -> (f32, f32) {
    assert_eq!(found.len(), expect.len());
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let rows = found.iter().zip(expect);
    rows.fold((0.0, 1.0), |(most, least): (f32, f32), (found, expect)| {
        assert_eq!(found.len(), expect.len());
        let apart = found.iter().zip(expect).map(|(a, b)| (a - b).abs());
        let lengths = (product(found, found) * product(expect, expect)).sqrt();
        (apart.fold(most, f32::max), least.min(product(found, expect) / lengths))
    })
}

#[test]
fn the_vectors_are_those_of_sentence_transformers() {
    let goldens = Goldens::read();
    let texts: Vec<&str> = goldens.texts.iter().map(String::as_str).collect();
    for (name, golden) in &goldens.models {
        let folder = goldens.folder(name, |_| {});
        for tier in Tier::available() {
            let exact = Encoder::open(folder.path(), &options(tier, true)).unwrap();
            assert_eq!(exact.dimensions(), 64);
            let (most, _) = apart(&exact.embed(&texts).unwrap(), &golden.passages);
            assert!(most < 2e-4, "{name} {tier}: {most}");
            let alone: Vec<_> =
                texts.iter().map(|text| exact.embed(&[text]).unwrap().remove(0)).collect();
            let (most, _) = apart(&alone, &golden.passages);
            assert!(most < 2e-4, "{name} {tier}, one by one: {most}");
            if let Some(queries) = &golden.queries {
                let found: Vec<_> =
                    texts[..2].iter().map(|text| exact.embed_query(text).unwrap()).collect();
                let (most, _) = apart(&found, queries);
                assert!(most < 2e-4, "{name} {tier}, queries: {most}");
                assert!(apart(&found, &golden.passages[..2]).0 > 1e-2, "{name}: prompts count");
            }
            let rounded = Encoder::open(folder.path(), &options(tier, false)).unwrap();
            let (_, least) = apart(&rounded.embed(&texts).unwrap(), &golden.passages);
            // Random weights make more of a rounding than trained ones.
            assert!(least > 0.99, "{name} {tier}, rounded: {least}");
            assert_ne!(rounded.id(), exact.id());
        }
    }
}

#[test]
fn a_model_with_a_head_on_top_is_read() {
    let goldens = Goldens::read();
    let renamed = |weights: &mut BTreeMap<String, Vec<usize>>| {
        let names = std::mem::take(weights).into_iter();
        weights.extend(names.map(|(name, shape)| (format!("bert.{name}"), shape)));
        weights.insert("classifier.weight".to_owned(), vec![2, 64]);
    };
    let folder = goldens.folder("bert", renamed);
    let encoder = Encoder::open(folder.path(), &EncoderOptions::default()).unwrap();
    assert_eq!(encoder.embed(&["a port"]).unwrap()[0].len(), 64);
}

#[test]
fn other_settings_have_another_name() {
    let goldens = Goldens::read();
    let open = |folder: &TempDir| {
        Encoder::open(folder.path(), &EncoderOptions::default()).unwrap().id().to_owned()
    };
    let folder = goldens.folder("bert", |_| {});
    let before = open(&folder);
    assert_eq!(before, open(&goldens.folder("bert", |_| {})), "it hangs on the content alone");
    let pooling = folder.path().join("1_Pooling/config.json");
    fs::write(&pooling, r#"{"pooling_mode_cls_token": true}"#).unwrap();
    assert_ne!(before, open(&folder));
    let weights = folder.path().join("model.safetensors");
    fs::remove_file(&pooling).unwrap();
    fs::remove_file(folder.path().join("modules.json")).unwrap();
    let without = open(&folder);
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&weights, bytes).unwrap();
    assert_ne!(without, open(&folder));
}

#[test]
fn what_is_wrong_is_named() {
    let goldens = Goldens::read();
    let check = |folder: &TempDir, code: &str, words: &str| {
        let error = Encoder::open(folder.path(), &EncoderOptions::default()).unwrap_err();
        assert_eq!((error.code(), error.help().is_some()), (code, true), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let bias = "encoder.layer.1.output.dense.bias";
    let lacking = goldens.folder("bert", |weights| drop(weights.remove(bias)));
    check(&lacking, "models.missing_tensor", bias);
    let wider = goldens.folder("bert", |weights| drop(weights.insert(bias.to_owned(), vec![65])));
    check(&wider, "models.wrong_shape", bias);
    let write = |path: &str, text: &str| {
        let folder = goldens.folder("bert", |_| {});
        fs::write(folder.path().join(path), text).unwrap();
        folder
    };
    check(&write("config.json", "{"), "models.damaged", "config.json");
    let other = write("config.json", r#"{"model_type": "nomic_bert"}"#);
    check(&other, "models.unsupported", "nomic_bert");
    let steps = r#"[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]"#;
    check(&write("modules.json", steps), "models.unsupported", "Dense");
    let outside = r#"[{"path": "../1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#;
    check(&write("modules.json", outside), "models.damaged", "leads out");
}
