//! How a text is cut before the merges, by the names that GGUF gives the ways.

/// Qwen2's pattern.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Llama 3's.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Mistral's since Nemo.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// GPT-2's.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// What llama.cpp does with a file that names no way.
const DEFAULT: [&str; 4] = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"];

/// A way to cut.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own in llama.cpp")]
pub struct Split {
    /// Patterns, one after the other; each match stands alone.
    pub patterns: &'static [&'static str],
    /// Whether GPT-2's own pattern comes last.
    pub gpt2: bool,
    /// Whether a word that is a token is taken whole, whatever the merges say.
    pub whole_words: bool,
    /// Whether characters are composed first (NFC).
    pub composed: bool,
    /// Whether a text begins with the BOS token where the file does not say.
    pub begins: bool,
}

/// One name of each way.
const NAMES: [&str; 8] =
    ["qwen2", "llama-bpe", "smaug-bpe", "tekken", "deepseek-coder", "smollm", "gpt-2", "default"];

impl Split {
    /// The name of a way; `None` for one that has none.
    pub fn name_of(
        patterns: &[String],
        gpt2: bool,
        whole_words: bool,
        composed: bool,
    ) -> Option<&'static str> {
        NAMES.into_iter().find(|name| {
            Self::named(name).is_some_and(|split| {
                split.patterns == patterns
                    && (split.gpt2, split.whole_words) == (gpt2, whole_words)
                    && split.composed == composed
            })
        })
    }

    /// The way of a `tokenizer.ggml.pre`; `None` for one that is not known.
    pub fn named(name: &str) -> Option<Self> {
        let plain = Self::default();
        Some(match name {
            "qwen2" | "deepseek-r1-qwen" => Self { patterns: &[QWEN2], composed: true, ..plain },
            "llama-bpe" | "llama3" | "llama-v3" => {
                Self { patterns: &[LLAMA3], whole_words: true, begins: true, ..plain }
            }
            "smaug-bpe" | "dbrx" => Self { patterns: &[LLAMA3], ..plain },
            "tekken" => Self { patterns: &[TEKKEN], whole_words: true, begins: true, ..plain },
            "deepseek-coder" => Self {
                patterns: &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
                ..plain
            },
            "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => {
                Self { patterns: &[r"\p{N}"], gpt2: true, ..plain }
            }
            "gpt-2" | "gpt2" | "mpt" | "olmo" | "phi-2" => Self { gpt2: true, ..plain },
            "default" => Self { patterns: &DEFAULT, ..plain },
            _ => return None,
        })
    }
}
