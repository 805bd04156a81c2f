//! What llama.cpp calls the weights.

/// The name in a GGUF file of what transformers calls `path`, without the
/// ending `.weight` or `.bias`.
pub fn in_gguf(path: &str) -> String {
    match path {
        "model.embed_tokens" => return "token_embd".to_owned(),
        "model.norm" => return "output_norm".to_owned(),
        "lm_head" => return "output".to_owned(),
        _ => {}
    }
    let layer = path.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.'));
    match layer {
        Some((number, part)) => format!("blk.{number}.{}", in_a_layer(part)),
        None => path.to_owned(),
    }
}

fn in_a_layer(part: &str) -> &str {
    match part {
        "input_layernorm" => "attn_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "post_attention_layernorm" => "ffn_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        "mlp.gate" => "ffn_gate_inp",
        "mlp.switch_mlp.gate_proj" => "ffn_gate_exps",
        "mlp.switch_mlp.up_proj" => "ffn_up_exps",
        "mlp.switch_mlp.down_proj" => "ffn_down_exps",
        other => other,
    }
}
