use serde::{Deserialize, Serialize};

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SymbolKind {
    /// A module, namespace or package.
    Module,
    /// A class, object or actor.
    Class,
    /// A structure or a record.
    Struct,
    /// An enumeration.
    Enum,
    /// A union of C, C++ or Rust.
    Union,
    /// A case of an enumeration.
    Variant,
    /// An interface or protocol.
    Interface,
    /// A trait or concept.
    Trait,
    /// A block that adds to a type: `impl` of Rust, `extension` of Swift.
    Implementation,
    /// A function that belongs to no type.
    Function,
    /// A function of a type.
    Method,
    /// What makes a value of a type.
    Constructor,
    /// A value that each value of a type holds.
    Field,
    /// A field behind functions, or an entry of an object.
    Property,
    /// A value that never changes.
    Constant,
    /// A value outside of functions.
    Variable,
    /// Another name for a type.
    TypeAlias,
    /// A macro.
    Macro,
    /// A heading of a document.
    Heading,
    /// A key of a data file.
    Key,
    /// A rule of a style sheet.
    Selector,
    /// An element of a page that has a name, or that parts it.
    Element,
}

impl SymbolKind {
    /// The kind that a query's capture of this name marks.
    pub(super) fn of_capture(name: &str) -> Option<Self> {
        Some(match name {
            "module" => Self::Module,
            "class" => Self::Class,
            "struct" => Self::Struct,
            "enum" => Self::Enum,
            "union" => Self::Union,
            "variant" => Self::Variant,
            "interface" => Self::Interface,
            "trait" => Self::Trait,
            "implementation" => Self::Implementation,
            "function" => Self::Function,
            "method" => Self::Method,
            "constructor" => Self::Constructor,
            "field" => Self::Field,
            "property" => Self::Property,
            "constant" => Self::Constant,
            "variable" => Self::Variable,
            "type_alias" => Self::TypeAlias,
            "macro" => Self::Macro,
            "heading" => Self::Heading,
            "key" => Self::Key,
            "selector" => Self::Selector,
            "element" => Self::Element,
            _ => return None,
        })
    }

    /// The word for it, in small letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Variant => "variant",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Implementation => "implementation",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Field => "field",
            Self::Property => "property",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::TypeAlias => "type_alias",
            Self::Macro => "macro",
            Self::Heading => "heading",
            Self::Key => "key",
            Self::Selector => "selector",
            Self::Element => "element",
        }
    }

    /// Whether functions in it are methods and values in it are fields.
    pub fn is_type(self) -> bool {
        matches!(
            self,
            Self::Class
                | Self::Struct
                | Self::Enum
                | Self::Union
                | Self::Interface
                | Self::Trait
                | Self::Implementation
        )
    }

    /// Whether a value of it is one: inside of a function it is nobody else's.
    pub fn is_value(self) -> bool {
        matches!(self, Self::Field | Self::Property | Self::Constant | Self::Variable)
    }

    /// Whether it is code that runs when it is called.
    pub fn is_callable(self) -> bool {
        matches!(self, Self::Function | Self::Method | Self::Constructor | Self::Macro)
    }
}
