//! What a file names that is defined somewhere, in it or elsewhere.

mod collect;
mod handed;
mod locals;
mod qualifier;
mod tell;
mod told;

pub(crate) use handed::Handed;
pub(crate) use qualifier::qualifier;
pub(crate) use told::{before_brackets, behind_brackets, is_part, plain_type};

use mlxcode_base::TextRange;
use serde::{Deserialize, Serialize};

/// A place where a name is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reference {
    /// The name.
    pub name: String,
    /// How it is used.
    pub kind: ReferenceKind,
    /// Where it stands.
    pub range: TextRange,
    /// The symbol whose code uses it, by its place in the file's list.
    pub symbol: Option<usize>,
    /// Whether it stands behind another name, as in `other.name`: what it
    /// means hangs on what that is.
    pub is_member: bool,
    /// The names right before it, from the first on, joined by `.`: of the
    /// last name in `self.port.open`, `self.port`. Empty where nothing stands
    /// before it, or something that is more than names, such as a call.
    pub qualifier: String,
    /// Whether it is a parameter or a variable of a function around it, which
    /// no other file can name.
    pub is_local: bool,
    /// What the first of the names before it is, where that is a parameter or a
    /// variable of a function around, and its type is written.
    #[serde(skip)]
    pub first_type: Option<Told>,
}

/// What tells the type of a parameter or a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// Its name is written.
    Type {
        /// The name, with those before it, and without its arguments.
        name: String,
        /// Where that stands.
        range: TextRange,
    },
    /// It is a parameter of a function that something takes, which tells it.
    Taken {
        /// The names of what takes the function, from the first on, joined by
        /// `.`.
        by: String,
        /// The types that are written behind these: of `make<Port, u8>(…)`,
        /// `Port, u8`.
        types: String,
        /// Where the names stand.
        range: TextRange,
        /// The argument that the function is; `None` where it is assigned.
        argument: Option<usize>,
        /// Which of its parameters it is.
        parameter: usize,
        /// What the first of the names is.
        first: Option<Box<Told>>,
    },
}

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferenceKind {
    /// It is called, or a value of it is made.
    Call,
    /// It is a type.
    Type,
    /// A type inherits from it or implements it.
    Inherit,
    /// It is a macro.
    Macro,
    /// It marks a definition: a decorator, an annotation, an attribute.
    Annotation,
    /// It is given a value.
    Write,
    /// It is taken from another file.
    Import,
    /// It is read.
    Read,
}

impl ReferenceKind {
    /// The word for it, in small letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Type => "type",
            Self::Inherit => "inherit",
            Self::Macro => "macro",
            Self::Annotation => "annotation",
            Self::Write => "write",
            Self::Import => "import",
            Self::Read => "read",
        }
    }

    /// The kind that a query's capture of this name marks.
    fn of_capture(name: &str) -> Option<Self> {
        Some(match name {
            "call" => Self::Call,
            "type" => Self::Type,
            "inherit" => Self::Inherit,
            "macro" => Self::Macro,
            "annotation" => Self::Annotation,
            "write" => Self::Write,
            "import" => Self::Import,
            "read" => Self::Read,
            _ => return None,
        })
    }
}
