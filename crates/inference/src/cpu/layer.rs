use mlxcode_kernels::Packed;

/// `y = W x + b`.
#[derive(Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Packed,
    /// `[out]`.
    pub bias: Option<Vec<f32>>,
}

impl Linear {
    /// Bytes in memory.
    pub fn size_bytes(&self) -> u64 {
        self.weight.size_bytes() as u64 + numbers(self.bias.as_ref())
    }
}

fn numbers(numbers: Option<&Vec<f32>>) -> u64 {
    4 * numbers.map_or(0, Vec::len) as u64
}

/// One layer of a decoder.
#[derive(Debug)]
pub struct Layer {
    /// Its number, from 0.
    pub number: usize,
    /// The norm before attention.
    pub attention_norm: Vec<f32>,
    /// Attention.
    pub attention: Attention,
    /// The norm before the feed-forward network.
    pub feed_forward_norm: Vec<f32>,
    /// The network, or several.
    pub feed_forward: FeedForward,
}

/// The matrices of attention.
#[derive(Debug)]
pub struct Attention {
    /// To all heads of the query.
    pub query: Linear,
    /// To all heads of the key.
    pub key: Linear,
    /// To all heads of the value.
    pub value: Linear,
    /// From all heads to the state.
    pub output: Linear,
    /// A norm on each head of the query, `[head_dim]`.
    pub query_norm: Option<Vec<f32>>,
    /// A norm on each head of the key, `[head_dim]`.
    pub key_norm: Option<Vec<f32>>,
}

/// What comes after attention.
#[derive(Debug)]
pub enum FeedForward {
    /// One network for all tokens.
    Dense(GatedNetwork),
    /// A few of many for each token.
    Experts(Experts),
}

/// `down (silu(gate x) · up x)`.
#[derive(Debug)]
pub struct GatedNetwork {
    /// To the inner numbers, through the activation.
    pub gate: Linear,
    /// To the inner numbers.
    pub up: Linear,
    /// Back to the state.
    pub down: Linear,
}

/// Networks, and who of them answers for a token.
#[derive(Debug)]
pub struct Experts {
    /// A score for each network, `[experts, hidden]`.
    pub router: Linear,
    /// The networks.
    pub networks: Vec<GatedNetwork>,
    /// How many answer for a token.
    pub used: usize,
    /// Whether their weights are made to sum up to one.
    pub normalise: bool,
}

impl Layer {
    /// Bytes in memory.
    pub fn size_bytes(&self) -> u64 {
        let Attention { query, key, value, output, query_norm, key_norm } = &self.attention;
        let matrices = [query, key, value, output].map(Linear::size_bytes);
        let norms = [
            Some(&self.attention_norm),
            Some(&self.feed_forward_norm),
            query_norm.as_ref(),
            key_norm.as_ref(),
        ];
        let network = |network: &GatedNetwork| {
            let GatedNetwork { gate, up, down } = network;
            gate.size_bytes() + up.size_bytes() + down.size_bytes()
        };
        let feed_forward = match &self.feed_forward {
            FeedForward::Dense(dense) => network(dense),
            FeedForward::Experts(experts) => {
                experts.router.size_bytes() + experts.networks.iter().map(network).sum::<u64>()
            }
        };
        matrices.iter().sum::<u64>() + norms.map(numbers).iter().sum::<u64>() + feed_forward
    }
}
