//! What the verbs that look at code print.

use mlxcode_core::{CodeUsage, Confidence, Definition, GraphNode, OutlineItem, SymbolKind};
use schemars::JsonSchema;
use serde::Serialize;

/// The word that a document has for one of a few things.
fn word(one: impl Serialize) -> String {
    let value = serde_json::to_value(one).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// `outline --json`.
#[derive(Serialize, JsonSchema)]
pub struct OutlineOutput {
    /// The file, below the root.
    pub path: String,
    /// What it defines, in its order.
    pub symbols: Vec<SymbolOutput>,
}

/// A definition, with those in it.
#[derive(Serialize, JsonSchema)]
pub struct SymbolOutput {
    /// Its name.
    pub name: String,
    /// What it is, such as `function`.
    pub kind: String,
    /// Its head on one line.
    pub signature: String,
    /// What its comment says; empty where there is none.
    pub doc: String,
    /// `public`, `internal`, `protected` or `private`.
    pub visibility: String,
    /// Its first line, from one.
    pub start_line: usize,
    /// Its last line.
    pub end_line: usize,
    /// What lies in it.
    pub children: Vec<SymbolOutput>,
}

impl SymbolOutput {
    /// Describes an item of an outline.
    pub fn new(item: &OutlineItem) -> Self {
        let symbol = &item.symbol;
        Self {
            name: symbol.name.clone(),
            kind: symbol.kind.word().to_owned(),
            signature: symbol.signature.clone(),
            doc: symbol.doc.clone(),
            visibility: word(symbol.visibility),
            start_line: symbol.lines.first,
            end_line: symbol.lines.last,
            children: item.children.iter().map(Self::new).collect(),
        }
    }
}

/// `definition --json`.
#[derive(Serialize, JsonSchema)]
pub struct DefinitionsOutput {
    /// Where it is defined; empty where that cannot be told.
    pub definitions: Vec<DefinitionOutput>,
}

/// `callees --json`.
#[derive(Serialize, JsonSchema)]
pub struct CalleesOutput {
    /// Where each thing that is called is defined, in the order of the calls.
    pub callees: Vec<DefinitionOutput>,
}

/// Where something is defined.
#[derive(Serialize, JsonSchema)]
pub struct DefinitionOutput {
    /// The file, below the root.
    pub path: String,
    /// Its first line, from one.
    pub start_line: usize,
    /// Its last line.
    pub end_line: usize,
    /// The byte at which its name begins.
    pub start_byte: usize,
    /// One past the last byte of its name.
    pub end_byte: usize,
    /// Its path in the file; null for a file as a whole.
    pub symbol: Option<String>,
    /// What it is, such as `function`; null for a variable of a function and
    /// for a file.
    pub kind: Option<String>,
    /// Its head on one line.
    pub signature: String,
    /// `certain` where the rules of scopes lead there, `likely` where nothing
    /// else in the tree has the name.
    pub certainty: String,
}

impl DefinitionOutput {
    /// Describes a definition.
    pub fn new(one: &Definition) -> Self {
        Self {
            path: one.path.to_string(),
            start_line: one.lines.first,
            end_line: one.lines.last,
            start_byte: one.range.start,
            end_byte: one.range.end,
            symbol: one.symbol.clone(),
            kind: one.kind.map(|kind| kind.word().to_owned()),
            signature: one.signature.clone(),
            certainty: word(one.certainty),
        }
    }
}

/// `references --json` and `callers --json`.
#[derive(Serialize, JsonSchema)]
pub struct ReferencesOutput {
    /// The places, in the order of files and lines.
    pub references: Vec<ReferenceOutput>,
}

/// A place that uses something.
#[derive(Serialize, JsonSchema)]
pub struct ReferenceOutput {
    /// The file, below the root.
    pub path: String,
    /// The line, from one.
    pub line: usize,
    /// The byte at which the name begins.
    pub start_byte: usize,
    /// One past its last byte.
    pub end_byte: usize,
    /// How it is used, such as `call`.
    pub kind: String,
    /// The symbol whose code uses it; null at the top of a file.
    pub inside: Option<String>,
    /// The line's text.
    pub text: String,
    /// `certain` or `likely`.
    pub certainty: String,
}

impl ReferenceOutput {
    /// Describes a place and its line.
    pub fn new(one: &CodeUsage, text: String) -> Self {
        Self {
            path: one.path.to_string(),
            line: one.line,
            start_byte: one.range.start,
            end_byte: one.range.end,
            kind: one.kind.word().to_owned(),
            inside: one.inside.clone(),
            text,
            certainty: word(one.certainty),
        }
    }
}

/// `graph --json`.
#[derive(Serialize, JsonSchema)]
pub struct GraphOutput {
    /// Files and symbols.
    pub nodes: Vec<NodeOutput>,
    /// Which uses which, by their places in `nodes`.
    pub edges: Vec<EdgeOutput>,
    /// With `--cycles`: rings of files that use each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<Vec<Vec<String>>>,
    /// With `--from`: the way, empty where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<Vec<String>>,
    /// With `--unused`: what nobody is seen to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused: Option<Vec<UnusedOutput>>,
}

/// A file or a symbol.
#[derive(Serialize, JsonSchema)]
pub struct NodeOutput {
    /// The path, and behind a `:` the symbol.
    pub name: String,
    /// The file, below the root.
    pub path: String,
    /// The symbol's path in the file; null for the file itself.
    pub symbol: Option<String>,
    /// The symbol's kind.
    pub kind: Option<String>,
    /// The symbol's first line, from one.
    pub line: Option<usize>,
}

impl NodeOutput {
    /// Describes a node.
    pub fn new(node: &GraphNode) -> Self {
        Self {
            name: node.name(),
            path: node.path.to_string(),
            symbol: node.symbol.clone(),
            kind: node.kind.map(|kind| kind.word().to_owned()),
            line: node.lines.map(|lines| lines.first),
        }
    }
}

/// A use.
#[derive(Serialize, JsonSchema)]
pub struct EdgeOutput {
    /// Who uses.
    pub from: usize,
    /// What is used.
    pub to: usize,
    /// How often, with a share for each thing that may be meant.
    pub weight: f32,
}

/// Something that nobody is seen to use.
#[derive(Serialize, JsonSchema)]
pub struct UnusedOutput {
    /// The path, and behind a `:` the symbol.
    pub name: String,
    /// What it is, such as `function`.
    pub kind: String,
    /// Its first line, from one.
    pub line: usize,
    /// `high`, `medium` or `low`.
    pub confidence: String,
}

impl UnusedOutput {
    /// Describes a symbol.
    pub fn new(node: &GraphNode, confidence: Confidence) -> Self {
        Self {
            name: node.name(),
            kind: node.kind.map_or("file", SymbolKind::word).to_owned(),
            line: node.lines.map_or(1, |lines| lines.first),
            confidence: word(confidence),
        }
    }
}

/// `map --json`.
#[derive(Serialize, JsonSchema)]
pub struct MapOutput {
    /// The map.
    pub text: String,
    /// Its tokens, four bytes each.
    pub tokens: usize,
    /// How many files it names.
    pub files: usize,
    /// How many symbols it names.
    pub symbols: usize,
}
