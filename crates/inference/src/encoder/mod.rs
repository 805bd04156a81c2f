//! Models like BERT, which make vectors of texts.

mod activation;
mod bert;
mod pass;
mod pooling;
mod weights;

use std::fmt;
use std::fs::File;
use std::path::Path;

use mlxcode_base::{BoxDiagnostic, ContentHash, Embedder};
use mlxcode_kernels::{KernelsRef, Tier, Vectors, kernels, vectors};
use mlxcode_models::{EncoderModel, Error as ModelsError, Pooling};

use crate::error::{Error, Result};
use crate::format::MappedFile;
use pass::Pass;
use weights::Weights;

/// Tokens that are computed together, at most, unless one text has more: the
/// weights are read once for so many, and the room for their states stays
/// within some tens of megabytes a thread.
const TOKENS_TOGETHER: usize = 1024;

/// How an encoder computes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EncoderOptions {
    /// The instructions to use, by name; the best where none is named.
    pub tier: Option<String>,
    /// Whether all is computed in 32 bits, as the references do. Without it,
    /// weights of 32 bits and the keys and values of attention are rounded to
    /// bfloat16, which takes half the memory and, where the processor has
    /// products for it, a part of the time; and states to bytes where it has
    /// not.
    pub is_exact: bool,
}

/// A model like BERT, ready to make vectors.
///
/// It computes on the thread that calls it; who has many texts calls it from
/// several.
///
/// ```no_run
/// use std::path::Path;
///
/// use mlxcode_base::Embedder as _;
/// use mlxcode_inference::{Encoder, EncoderOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let encoder = Encoder::open(Path::new("bge-small-en-v1.5"), &EncoderOptions::default())?;
/// let question = encoder.embed_query("where is a port opened?")?;
/// assert_eq!(question.len(), encoder.dimensions());
/// # Ok(())
/// # }
/// ```
pub struct Encoder {
    id: String,
    model: EncoderModel,
    weights: Weights,
    computing: Computing,
}

/// What computes.
struct Computing {
    tier: Tier,
    kernels: KernelsRef,
    vectors: &'static Vectors,
    is_exact: bool,
}

/// The tokens of a text.
struct Text {
    tokens: Vec<u32>,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({}, {})", self.id, self.computing.tier)
    }
}

impl Encoder {
    /// Reads the model in a folder and packs its weights.
    ///
    /// # Errors
    /// Where a file is missing or damaged, or the model is of a family that is
    /// not computed here.
    pub fn open(folder: &Path, options: &EncoderOptions) -> Result<Self> {
        let model = EncoderModel::open(folder)?;
        let tier = match &options.tier {
            Some(name) => name.parse().map_err(|_| Error::Tier { tier: name.clone() })?,
            None => Tier::detect(),
        };
        let kernels = kernels(tier).ok_or_else(|| Error::Tier { tier: tier.name().to_owned() })?;
        let is_exact = options.is_exact;
        let computing = Computing { tier, kernels, vectors: vectors(tier), is_exact };
        let weights = Weights::load(&model, !is_exact)?;
        Ok(Self { id: id(&model, options)?, model, weights, computing })
    }

    /// The vectors of some texts, as their tokens.
    fn vectors(&self, texts: Vec<Vec<u32>>) -> Vec<Vec<f32>> {
        let mut found = Vec::with_capacity(texts.len());
        let mut together: Vec<Text> = Vec::new();
        let mut count = 0;
        for tokens in texts {
            if count + tokens.len() > TOKENS_TOGETHER && count > 0 {
                found.extend(self.pass(&std::mem::take(&mut together)));
                count = 0;
            }
            count += tokens.len();
            together.push(Text { tokens });
        }
        found.extend(self.pass(&together));
        found
    }

    fn pass(&self, texts: &[Text]) -> Vec<Vec<f32>> {
        let config = self.model.config();
        let mut pass = Pass::new(config, &self.computing, texts);
        bert::forward(&mut pass, &self.weights);
        let pooled = pass.states().map(|states| {
            let mut vector = pooling::pool(states, config.hidden_size, self.pooling());
            if self.model.is_normalised() {
                pooling::normalise(&mut vector);
            }
            vector
        });
        pooled.collect()
    }

    fn pooling(&self) -> Pooling {
        self.model.pooling()
    }
}

impl Embedder for Encoder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.model.config().hidden_size
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic> {
        let tokens: Result<Vec<_>, ModelsError> =
            texts.iter().map(|text| self.model.encode_passage(text)).collect();
        Ok(self.vectors(tokens.map_err(BoxDiagnostic::new)?))
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, BoxDiagnostic> {
        let tokens = self.model.encode_query(text).map_err(BoxDiagnostic::new)?;
        Ok(self.vectors(vec![tokens]).pop().unwrap_or_default())
    }
}

/// Bytes of each weight that its model is told by: another training leaves no
/// weight as it was, and all of them would have to be read.
const TELLING_BYTES: usize = 1 << 10;

/// A name that another model, or the same with other settings, has not: made
/// of what the vectors hang on.
fn id(model: &EncoderModel, options: &EncoderOptions) -> Result<String> {
    let mut all = format!("{} {}", model.settings(), options.is_exact).into_bytes();
    let header = model.header();
    for (number, file) in header.files.iter().enumerate() {
        let file = MappedFile::open(file)?;
        for (name, tensor) in header.tensors.iter().filter(|(_, tensor)| tensor.file == number) {
            all.extend(format!("{name} {} {:?}", tensor.dtype, tensor.shape).as_bytes());
            let end = (tensor.offset + tensor.size_bytes) as usize;
            let start = end.saturating_sub(TELLING_BYTES).max(tensor.offset as usize);
            all.extend(file.bytes().get(start..end).unwrap_or_default());
        }
    }
    let tokenizer = model.path().join("tokenizer.json");
    let open = |source| Error::Open { path: tokenizer.clone(), source };
    let hash = File::open(&tokenizer).and_then(ContentHash::of_reader).map_err(open)?;
    all.extend(hash.as_bytes());
    Ok(format!("encoder-{}", ContentHash::of(&all).short()))
}
