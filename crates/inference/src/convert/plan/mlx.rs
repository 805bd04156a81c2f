//! The folder that `mlx_lm convert -q` writes (mlx-lm's `convert`,
//! `quantize_model`, `save_model` and `save_config`).

use mlxcode_kernels::{FloatType, WeightType};
use mlxcode_models::{Architecture, InstalledModel};
use serde_json::{Map, Value, json};

use super::mlx_order::order_of;
use super::safetensors::{Array, arrays, lay_out, shard_name, shards};
use super::{Plan, PlannedFile, job, python_json};
use crate::convert::parameters::Parameter;
use crate::convert::source::{Source, float_of};
use crate::error::Result;

/// mlx-lm's `MAX_FILE_SIZE_GB`.
const SHARD_BYTES: u64 = 5 << 30;
/// How routers are packed (`quant_predicate` of the model).
const ROUTER_BITS: u8 = 8;
const ROUTER_GROUP: u8 = 64;

/// Files that are copied as they are. mlx-lm writes those of the tokenizer
/// again through transformers, with the same meaning in other bytes.
pub const COPIED: [&str; 9] = [
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
];

/// Plans the folder.
pub fn plan(
    model: &InstalledModel,
    source: &Source,
    parameters: Vec<Parameter>,
    bits: u8,
    group: u8,
) -> Result<Plan> {
    let mut config = config(model, source)?;
    let dtype = match config.get("torch_dtype").and_then(Value::as_str) {
        Some("float32") => Some(FloatType::F32),
        Some("float16") => Some(FloatType::F16),
        Some("bfloat16") => Some(FloatType::BF16),
        _ => None,
    };
    let mut plan = Plan { folder: true, ..Plan::default() };
    let mut quantization = Map::new();
    quantization.insert("group_size".to_owned(), group.into());
    quantization.insert("bits".to_owned(), bits.into());
    quantization.insert("mode".to_owned(), "affine".into());
    let mut all = Vec::new();
    let mut numbers = 0;
    for parameter in &parameters {
        numbers += parameter.shape.iter().product::<usize>();
        let stored = source.get(&parameter.parts[0].name)?.kind;
        let float = dtype.or(float_of(stored)).unwrap_or(FloatType::F32);
        let fits = parameter.columns().is_multiple_of(usize::from(group));
        let mut kind = crate::convert::quantise::plain(float);
        if parameter.is_matrix() && fits {
            let router = model.config().architecture == Architecture::Qwen3Moe
                && parameter.layer.ends_with("mlp.gate");
            let (bits, group) = if router { (ROUTER_BITS, ROUTER_GROUP) } else { (bits, group) };
            if router {
                if !parameter.columns().is_multiple_of(usize::from(group)) {
                    return Err(source.unsupported(format!("the size of {}", parameter.layer)));
                }
                let own = json!({"group_size": group, "bits": bits});
                quantization.insert(parameter.layer.clone(), own);
            }
            kind = WeightType::MlxAffine { bits, group, scale: float };
        }
        let mut job = job(source, parameter, parameter.name(), kind)?;
        job.round = Some(float);
        all.extend(arrays(plan.jobs.len(), &job, &parameter.layer, &parameter.shape));
        plan.jobs.push(job);
    }
    let places = shard_files(&mut plan, all);
    plan.files.push(index(places, numbers));
    config.insert("quantization".to_owned(), Value::Object(quantization.clone()));
    config.insert("quantization_config".to_owned(), Value::Object(quantization));
    let mut config: Vec<(String, Value)> = config.into_iter().collect();
    config.sort_by(|a, b| a.0.cmp(&b.0));
    let config = Value::Object(config.into_iter().collect());
    plan.files.push(PlannedFile::whole("config.json", python_json::dump(&config)));
    for name in COPIED {
        if let Some(bytes) = source.file_beside(name)? {
            plan.files.push(PlannedFile::whole(name, bytes));
        }
    }
    Ok(plan)
}

/// Lays out the files of weights, and tells which array lies where.
fn shard_files(plan: &mut Plan, arrays: Vec<Array>) -> Vec<(Array, String)> {
    let shards = shards(arrays, SHARD_BYTES);
    let count = shards.len();
    let mut places = Vec::new();
    for (number, shard) in shards.into_iter().enumerate() {
        let name = shard_name(number, count);
        let names: Vec<&str> = shard.iter().map(|array| array.name.as_str()).collect();
        let sorted: Vec<Array> =
            order_of(&names).into_iter().map(|place| shard[place].clone()).collect();
        let file = lay_out(name.clone(), "mlx", &sorted, number, false, &mut plan.jobs);
        plan.files.push(file);
        places.extend(sorted.into_iter().map(|array| (array, name.clone())));
    }
    places
}

fn index(mut places: Vec<(Array, String)>, numbers: usize) -> PlannedFile {
    places.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    let total: u64 = places.iter().map(|(array, _)| array.size_bytes).sum();
    let map: Map<String, Value> =
        places.into_iter().map(|(array, file)| (array.name, file.into())).collect();
    let index = json!({
        "metadata": {"total_size": total, "total_parameters": numbers},
        "weight_map": map,
    });
    PlannedFile::whole("model.safetensors.index.json", python_json::dump(&index))
}

/// The configuration as mlx-lm loads it.
fn config(model: &InstalledModel, source: &Source) -> Result<Map<String, Value>> {
    let mut config = read_object(source, "config.json")?;
    let kind = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
    if !["llama", "mistral", "qwen2", "qwen3", "qwen3_moe"].contains(&kind) {
        return Err(source.unsupported(format!("a model of the type `{kind}` to MLX")));
    }
    if model.config().quantization.is_some() || config.contains_key("quantization_config") {
        return Err(source.unsupported("a model that is packed already".to_owned()));
    }
    let generation = read_object(source, "generation_config.json")?;
    if let Some(eos) = generation.get("eos_token_id").filter(|eos| is_something(eos)) {
        config.insert("eos_token_id".to_owned(), eos.clone());
    }
    config.shift_remove("_name_or_path");
    config.shift_remove("vision_config");
    Ok(config)
}

/// What Python takes for true.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(values) => !values.is_empty(),
    }
}

/// A JSON file of the source; empty where there is none, or where it is none.
pub fn read_object(source: &Source, name: &str) -> Result<Map<String, Value>> {
    let bytes = source.file_beside(name)?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}
