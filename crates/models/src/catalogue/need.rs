//! How much memory a model takes before any of it is there.

/// What keys and values of past tokens are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelShape {
    /// Layers.
    pub layers: usize,
    /// Heads of keys and of values, in each layer.
    pub kv_heads: usize,
    /// Numbers in each head.
    pub head_dim: usize,
}

impl ModelShape {
    /// Bytes of keys and values a token, two a number.
    pub fn cache_bytes_per_token(self) -> u64 {
        let factors = [self.layers, self.kv_heads, self.head_dim];
        factors.iter().fold(4, |bytes, factor| u64::saturating_mul(bytes, *factor as u64))
    }
}

/// Packing for the kernels adds this much to a file at most: one in so many.
const PACKED_MORE: u64 = 8;

/// The program itself, the vocabulary, and the states of a batch.
const BESIDE_BYTES: u64 = 512 << 20;

/// Bytes of memory that a model of `size_bytes` takes with a context of
/// `tokens`: the file and an eighth of it, keys and values in two bytes a
/// number, and 512 MiB for all else. More than is measured, by intent.
pub fn memory_needed(size_bytes: u64, shape: ModelShape, tokens: usize) -> u64 {
    let cache = shape.cache_bytes_per_token().saturating_mul(tokens as u64);
    size_bytes
        .saturating_add(size_bytes / PACKED_MORE)
        .saturating_add(cache)
        .saturating_add(BESIDE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_context_and_the_rest_add_up() {
        // Qwen2.5-7B: 28 layers, 4 heads of 128: 56 KiB a token.
        let shape = ModelShape { layers: 28, kv_heads: 4, head_dim: 128 };
        assert_eq!(shape.cache_bytes_per_token(), 56 << 10);
        assert_eq!(memory_needed(8 << 30, shape, 1024), (9 << 30) + (56 << 20) + (512 << 20));
        assert_eq!(memory_needed(u64::MAX, shape, usize::MAX), u64::MAX);
    }
}
