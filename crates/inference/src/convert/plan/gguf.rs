//! A GGUF file from a folder, as llama.cpp's converter and quantiser make it.

use mlxcode_kernels::WeightType;
use mlxcode_models::{Architecture, InstalledModel, ModelConfig, RopeScaling};

use super::gguf_header::{Listed, write};
use super::gguf_metadata::{LLAMA_ROPE_FACTORS, entries};
use super::gguf_types::type_of;
use super::{Plan, PlannedFile, Turn, job};
use crate::convert::options::GgufKind;
use crate::convert::parameters::Parameter;
use crate::convert::quantise::encode;
use crate::convert::source::Source;
use crate::error::Result;
use crate::rope_speeds::rope_speeds;

/// Plans the file.
pub fn plan(
    model: &InstalledModel,
    source: &Source,
    parameters: Vec<Parameter>,
    kind: GgufKind,
) -> Result<Plan> {
    let config = model.config();
    let mut plan = Plan::default();
    let mut listed = Vec::new();
    for parameter in &parameters {
        let name = parameter.gguf_name();
        let kind = type_of(parameter, &name, config, kind);
        let mut job = job(source, parameter, name.clone(), kind)?;
        job.turn = turn(config, &parameter.layer, Turn::ToNeighbours(config.head_dim));
        let (shape, size_bytes) = (parameter.shape.clone(), job.size_bytes());
        listed.push(Listed { name, shape, kind, size_bytes });
        plan.jobs.push(job);
    }
    let factors = rope_factors(config);
    if let Some(factors) = &factors {
        listed.push(Listed {
            name: LLAMA_ROPE_FACTORS.to_owned(),
            shape: vec![factors.len()],
            kind: WeightType::F32,
            size_bytes: 4 * factors.len() as u64,
        });
    }
    let entries = entries(model, source, kind, &mut plan.lost)?;
    let (head, places, size_bytes) = write(&entries, &listed);
    if let (Some(factors), Some(place)) = (factors, places.last()) {
        // The table is small and goes to the end of the weights, which is
        // written with the rest of what is known.
        let [table, _, _] = encode(&factors, WeightType::F32);
        plan.tail = Some((*place, table));
    }
    for (job, place) in plan.jobs.iter_mut().zip(places) {
        job.offsets[0] = place;
    }
    plan.files.push(PlannedFile { name: "model.gguf".to_owned(), head, size_bytes });
    Ok(plan)
}

/// How the rows of a query or a key change their order in the families whose
/// GGUF files turn neighbours.
pub fn turn(config: &ModelConfig, layer: &str, turn: Turn) -> Turn {
    let turned = layer.ends_with("self_attn.q_proj") || layer.ends_with("self_attn.k_proj");
    match config.architecture {
        Architecture::Llama | Architecture::Mistral if turned => turn,
        _ => Turn::None,
    }
}

/// Llama 3's stretching as the table that divides the speeds, which is how
/// GGUF has it.
fn rope_factors(config: &ModelConfig) -> Option<Vec<f32>> {
    let Some(RopeScaling::Llama3 { .. }) = config.rope_scaling else { return None };
    let mut plain = config.clone();
    plain.rope_scaling = None;
    let (plain, scaled) = (rope_speeds(&plain, None), rope_speeds(config, None));
    Some(plain.speeds.iter().zip(&scaled.speeds).map(|(plain, scaled)| plain / scaled).collect())
}

/// The file type that the header names, ggml's `llama_ftype`.
pub fn file_type(kind: GgufKind) -> u32 {
    match kind {
        GgufKind::F32 => 0,
        GgufKind::F16 => 1,
        GgufKind::Q4_0 => 2,
        GgufKind::Q8_0 => 7,
        GgufKind::Q4_K_M => 15,
        GgufKind::BF16 => 32,
    }
}
