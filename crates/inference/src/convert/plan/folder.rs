//! A folder of plain floats from a GGUF file.

use mlxcode_kernels::FloatType;
use mlxcode_models::InstalledModel;

use super::folder_config::configs;
use super::gguf::turn;
use super::gguf_metadata::LLAMA_ROPE_FACTORS;
use super::safetensors::{Array, arrays, lay_out, shard_name, shards};
use super::{Plan, PlannedFile, Turn, job, python_json};
use crate::convert::parameters::Parameter;
use crate::convert::quantise::plain;
use crate::convert::source::Source;
use crate::error::Result;

/// As transformers cuts by default.
const SHARD_BYTES: u64 = 5_000_000_000;

/// Plans the folder.
pub fn plan(
    model: &InstalledModel,
    source: &Source,
    parameters: Vec<Parameter>,
    kind: FloatType,
) -> Result<Plan> {
    let config = model.config();
    let mut plan = Plan { folder: true, ..Plan::default() };
    let mut all: Vec<Array> = Vec::new();
    let factors = match source.get(LLAMA_ROPE_FACTORS) {
        Ok(stored) => {
            let mut factors = vec![0.0; stored.columns];
            source.decode(&stored, &source.read(&stored, 0, 1)?, &mut factors)?;
            Some(factors)
        }
        Err(_) => None,
    };
    for parameter in parameters.into_iter().flat_map(separate) {
        let mut job = job(source, &parameter, parameter.name(), plain(kind))?;
        job.turn = turn(config, &parameter.layer, Turn::ToHalves(config.head_dim));
        all.extend(arrays(plan.jobs.len(), &job, &parameter.layer, &parameter.shape));
        plan.jobs.push(job);
    }
    let shards = shards(all, SHARD_BYTES);
    let count = shards.len();
    let mut places = Vec::new();
    for (number, shard) in shards.into_iter().enumerate() {
        let name = shard_name(number, count);
        places.extend(shard.iter().map(|array| (array.name.clone(), name.clone())));
        plan.files.push(lay_out(name, "pt", &shard, number, true, &mut plan.jobs));
    }
    if count > 1 {
        let total: u64 = plan.jobs.iter().map(super::Job::size_bytes).sum();
        let map: serde_json::Map<String, serde_json::Value> =
            places.into_iter().map(|(name, file)| (name, file.into())).collect();
        let index = serde_json::json!({"metadata": {"total_size": total}, "weight_map": map});
        let index = python_json::dump(&index);
        plan.files.push(PlannedFile::whole("model.safetensors.index.json", index));
    }
    for (name, bytes) in configs(model, source, kind, factors.as_deref(), &mut plan.lost)? {
        plan.files.push(PlannedFile::whole(name, bytes));
    }
    Ok(plan)
}

/// Stacked experts one by one, as transformers names them.
fn separate(parameter: Parameter) -> Vec<Parameter> {
    let [count, rows, columns] = parameter.shape[..] else { return vec![parameter] };
    let Some((mlp, kind)) = parameter.layer.split_once(".switch_mlp.") else {
        return vec![parameter];
    };
    let one = |expert: usize| {
        let mut part = parameter.parts[0].clone();
        (part.first, part.rows) = (part.first + expert * rows, rows);
        Parameter {
            layer: format!("{mlp}.experts.{expert}.{kind}"),
            ending: parameter.ending,
            shape: vec![rows, columns],
            parts: vec![part],
        }
    };
    (0..count).map(one).collect()
}
