//! Search by a model that makes vectors.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::ground::{Ground, Ran};

/// It knows two words.
const TOKENIZER: &str = r#"{"version":"1.0","pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","vocab":{"[UNK]":0,"number":1,"quantity":2},"unk_token":"[UNK]"}}"#;

const FOUND: &str = "port.py:1:def open_port(number):\n";

/// Numbers in a state of the model like BERT.
const WIDTH: usize = 64;

/// Writes a folder with a model whose tensors are these.
fn folder(ground: &Ground, config: &Value, tensors: &[(&str, &[usize], Vec<f32>)]) -> PathBuf {
    let folder = ground.home().join("words");
    fs::create_dir_all(&folder).unwrap();
    let (mut header, mut data) = (Map::new(), Vec::new());
    for (name, shape, numbers) in tensors {
        assert_eq!(numbers.len(), shape.iter().product::<usize>(), "{name}");
        let start = data.len();
        data.extend(numbers.iter().flat_map(|one| one.to_le_bytes()));
        let about = json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert((*name).to_owned(), about);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    fs::write(folder.join("model.safetensors"), file).unwrap();
    fs::write(folder.join("tokenizer.json"), TOKENIZER).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    folder
}

/// A model of static embeddings that holds each of its words for the other.
fn static_model(ground: &Ground) -> PathBuf {
    let table = vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    folder(ground, &json!({}), &[("embeddings", &[3, 2], table)])
}

/// A model like BERT that does the same: its words have one vector, which the
/// norms leave as it is, and its layer adds nothing.
fn bert(ground: &Ground) -> PathBuf {
    const SQUARE: &[usize] = &[WIDTH, WIDTH];
    const ROW: &[usize] = &[WIDTH];
    let config = json!({
        "model_type": "bert", "hidden_size": WIDTH, "intermediate_size": WIDTH,
        "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 3,
        "max_position_embeddings": 128,
    });
    let word = || (0..WIDTH).map(|place| if place % 2 == 0 { 1.0 } else { -1.0 });
    let words: Vec<f32> = vec![0.0; WIDTH].into_iter().chain(word()).chain(word()).collect();
    let zeros = |count: usize| vec![0.0; count];
    let mut tensors: Vec<(&str, &[usize], Vec<f32>)> = vec![
        ("embeddings.word_embeddings.weight", &[3, WIDTH], words),
        ("embeddings.position_embeddings.weight", &[128, WIDTH], zeros(128 * WIDTH)),
        ("embeddings.token_type_embeddings.weight", &[2, WIDTH], zeros(2 * WIDTH)),
    ];
    for name in [
        "embeddings.LayerNorm.weight",
        "encoder.layer.0.attention.output.LayerNorm.weight",
        "encoder.layer.0.output.LayerNorm.weight",
    ] {
        tensors.push((name, ROW, vec![1.0; WIDTH]));
    }
    for name in [
        "embeddings.LayerNorm.bias",
        "encoder.layer.0.attention.output.LayerNorm.bias",
        "encoder.layer.0.output.LayerNorm.bias",
        "encoder.layer.0.attention.self.query.bias",
        "encoder.layer.0.attention.self.key.bias",
        "encoder.layer.0.attention.self.value.bias",
        "encoder.layer.0.attention.output.dense.bias",
        "encoder.layer.0.intermediate.dense.bias",
        "encoder.layer.0.output.dense.bias",
    ] {
        tensors.push((name, ROW, zeros(WIDTH)));
    }
    for name in [
        "encoder.layer.0.attention.self.query.weight",
        "encoder.layer.0.attention.self.key.weight",
        "encoder.layer.0.attention.self.value.weight",
        "encoder.layer.0.attention.output.dense.weight",
        "encoder.layer.0.intermediate.dense.weight",
        "encoder.layer.0.output.dense.weight",
    ] {
        tensors.push((name, SQUARE, zeros(WIDTH * WIDTH)));
    }
    folder(ground, &config, &tensors)
}

#[test]
fn a_model_for_vectors_is_named_or_configured() {
    for model in [static_model, bert] {
        let ground = Ground::new();
        let place = model(&ground);
        let folder = place.display().to_string();
        let ran = ground.run(&["search", "quantity", "--embedder", &folder]);
        assert_eq!((ran.code, ran.out.as_str()), (0, FOUND), "{ran:?}");
        let ran = ground.run(&["search", "quantity", "--kind", "semantic"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "the word is not in the tree: {ran:?}");
        assert_eq!(ground.run(&["config", "set", "embedder", &folder]).code, 0);
        let ran = ground.run(&["search", "quantity", "--kind", "semantic"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, FOUND), "{ran:?}");
        // A file that changed has its vectors made again.
        ground.write("port.py", "def open_port(name):\n    return name\n");
        let ran = ground.run(&["search", "quantity", "--kind", "semantic"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
        // Other searches do not read it.
        fs::remove_file(place.join("tokenizer.json")).unwrap();
        assert_eq!(ground.run(&["search", "open_port"]).code, 0);
        let ran = ground.run(&["search", "quantity", "--kind", "semantic"]);
        assert!(ran.code != 0 && ran.err.contains("tokenizer.json"), "{ran:?}");
    }
}

#[test]
fn what_is_no_model_for_vectors_is_named() {
    let ground = Ground::new();
    let search = |folder: &str| ground.run(&["search", "x", "--embedder", folder]);
    let check = |ran: &Ran, words: &str| {
        assert!(ran.code != 0 && ran.out.is_empty(), "{ran:?}");
        assert!(ran.err.contains(words) && ran.err.contains("help: "), "{words}: {ran:?}");
    };
    check(&search("nowhere"), "no folder with a model for vectors");
    check(&search("port.py"), "no folder with a model for vectors");
    // A folder with something else.
    check(&search("."), "safetensors");
    let place = bert(&ground);
    let named = place.display().to_string();
    // A model of text.
    fs::write(place.join("config.json"), r#"{"model_type": "llama"}"#).unwrap();
    check(&search(&named), "llama");
    let ran = ground.run(&["search", "x", "--embedder", &named, "--kind", "lexical"]);
    assert!(ran.code == 2 && ran.err.contains("--kind semantic"), "{ran:?}");
}

#[test]
fn a_damaged_model_for_vectors_is_not_used() {
    for model in [static_model, bert] {
        let ground = Ground::new();
        let place = model(&ground);
        let named = place.display().to_string();
        let damage = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let file = place.join(name);
            let sound = fs::read(&file).unwrap();
            let mut bytes = sound.clone();
            change(&mut bytes);
            fs::write(&file, &bytes).unwrap();
            let ran = ground.run(&["search", "quantity", "--embedder", &named]);
            assert!(ran.code != 0 && ran.out.is_empty(), "{name}: {ran:?}");
            assert!(ran.err.contains(name) && ran.err.contains("help: "), "{name}: {ran:?}");
            fs::write(&file, sound).unwrap();
        };
        // Cut, emptied, longer than it says, with a header that is none.
        damage("model.safetensors", &|bytes| bytes.truncate(bytes.len() - 1));
        damage("model.safetensors", &|bytes| bytes.truncate(20));
        damage("model.safetensors", &Vec::clear);
        damage("model.safetensors", &|bytes| bytes.push(0));
        damage("model.safetensors", &|bytes| bytes[7] = 0x7f);
        damage("model.safetensors", &|bytes| bytes[8] = b'[');
        damage("tokenizer.json", &|bytes| bytes.truncate(bytes.len() - 1));
        damage("config.json", &|bytes| bytes.truncate(1));
        let ran = ground.run(&["search", "quantity", "--embedder", &named]);
        assert_eq!((ran.code, ran.out.as_str()), (0, FOUND), "{ran:?}");
    }
}
