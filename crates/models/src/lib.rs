//! What a model is and where it lives.
//!
//! The principal type is [`LanguageModel`], the trait that a local engine, a
//! remote endpoint and the deterministic [`ScriptedModel`] stand behind. A
//! [`Store`] holds the models of this machine; only what passed its checks
//! becomes an [`InstalledModel`], and only that can be loaded.
//!
//! ```
//! use mlxcode_models::{GenerateRequest, LanguageModel, Prompt, ScriptedModel};
//!
//! # fn main() -> mlxcode_models::Result<()> {
//! let model = ScriptedModel::new(["Hello there."]);
//! let request = GenerateRequest::new(Prompt::text("Say hello."));
//! assert_eq!(model.generate(request)?.text()?, "Hello there.");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod catalogue;
mod chat;
mod config;
mod encoder;
mod error;
mod files;
mod fit;
mod generation;
mod gguf;
mod hardware;
pub mod hub;
mod installed;
mod language_model;
mod queue;
mod records;
mod reference;
mod reply;
mod safetensors;
mod scripted;
mod secrets;
mod static_embedder;
mod store;
mod template;
mod tokenizer;
mod validate;

pub use catalogue::{
    Catalogue, CatalogueEntry, CatalogueError, CatalogueFile, CatalogueHit, CatalogueQuery,
    CatalogueSource, EditFormat, FetchText, Found, ModelShape, RemoteCatalogue, RemoteCatalogues,
    memory_needed,
};
pub use chat::{Chat, Image, Kept, Message, Prompt, Role, ToolCall, ToolSpec};
pub use config::{
    Architecture, ExpertLayout, Experts, ModelConfig, Packing, Quantization, QuantizationMode,
    QueryScaling, RopeScaling, SlidingLayers,
};
pub use encoder::{EncoderActivation, EncoderConfig, EncoderModel, Pooling};
pub use error::{Error, HubError, Result};
pub use fit::{FitReport, FitRequest, FitVerdict};
pub use generation::{
    FinishReason, Finished, Generation, GenerationEvent, GenerationSender, LikelyToken,
    LogProbabilities, Timings, Token, Usage, generation_channel,
};
pub use gguf::{GgmlType, GgufHeader, GgufTensor, GgufValue};
pub use hardware::{
    Accelerator, AcceleratorKind, Disk, Hardware, Memory, ProbeCommand, ProbeReport, Processor,
    ProcessorCache, free_disk_bytes,
};
pub use installed::{InstalledModel, WeightFiles};
pub use language_model::{
    DryOptions, GenerateOptions, GenerateRequest, LanguageModel, ModelInfo, SamplingOptions,
};
pub use records::{
    BenchmarkRecord, LibraryState, MergeReport, ModelRecord, ModelUse, RecordChange, Records,
    RecordsError, UsageTotals,
};

pub use queue::{LookUp, NewPull, PullError, PullJob, PullJobState, PullPriority, PullQueue};
pub use reference::{DEFAULT_REVISION, HubReference, ModelReference};
pub use reply::{ReplyOptions, ReplyPiece, ReplyReader};
pub use safetensors::{SafetensorsHeader, SafetensorsTensor, SafetensorsType};
pub use scripted::ScriptedModel;
pub use secrets::{
    AgeFile, EnvironmentSecrets, FoundSecret, Keychain, Lock, PassphraseFor, SECRET_BYTES, Secret,
    SecretList, SecretName, SecretPlace, SecretProblem, SecretStore, Secrets, StoredSecret,
};
pub use static_embedder::StaticEmbedder;
pub use store::check_name as check_model_name;
pub use store::{
    AddOptions, BrokenModel, DiskOptions, DiskReport, Duplicate, FileSource, GcItem, GcKind,
    GcOptions, GcReport, Lease, LeaseHolder, ModelDisk, ModelFile, ModelSummary, RepairReport,
    RepairedFile, Store, StoreContents, VerifyOptions, verify_path,
};
pub use template::ChatTemplate;
pub use tokenizer::{EncodedChat, FimOrder, FimTokens, TokenDecoder, Tokenizer};
pub use validate::{VerifyCheck, VerifyId, VerifyReport, VerifyStatus};
