//! Who may use a symbol.

use mlxcode_base::Language;

use super::{Symbol, SymbolKind, Visibility};

/// Reads the words before a symbol's name. `head` is its signature up to the
/// name, `section` what a line such as `private:` above it says, and `parent`
/// what it lies in.
pub fn visibility(
    language: Language,
    symbol: &Symbol,
    head: &str,
    section: Option<Visibility>,
    parent: Option<&Symbol>,
) -> Visibility {
    use Visibility::{Internal, Private, Protected, Public};
    let written = written(head);
    let name = symbol.name.as_str();
    let outer = parent.map(|parent| parent.kind);
    match language {
        Language::Python if is_dunder(name) => Public,
        Language::Python if name.starts_with('_') => Private,
        Language::Go if name.starts_with(char::is_uppercase) => Public,
        Language::Go => Internal,
        Language::Java | Language::Kotlin if symbol.kind == SymbolKind::Module => Public,
        Language::Rust if head.contains("pub(") => Internal,
        Language::Rust => match symbol.kind {
            SymbolKind::Implementation | SymbolKind::Macro => Public,
            // What a trait or an enumeration holds is as visible as it is.
            SymbolKind::Variant => parent.map_or(Public, |parent| parent.visibility),
            _ if outer == Some(SymbolKind::Trait) => {
                parent.map_or(Public, |parent| parent.visibility)
            }
            _ => written.unwrap_or(Private),
        },
        Language::C | Language::Cpp => {
            let is_static = head.split_whitespace().any(|word| word == "static");
            match section {
                _ if is_static && !outer.is_some_and(SymbolKind::is_type) => Private,
                Some(section) => section,
                None if outer == Some(SymbolKind::Class) => Private,
                None => Public,
            }
        }
        Language::Java => written.unwrap_or(match outer {
            Some(SymbolKind::Interface | SymbolKind::Enum) if symbol.kind != SymbolKind::Method => {
                Public
            }
            Some(SymbolKind::Interface) => Public,
            _ => Internal,
        }),
        Language::CSharp => written.unwrap_or(match outer {
            Some(SymbolKind::Interface | SymbolKind::Enum | SymbolKind::Module) => Public,
            Some(kind) if kind.is_type() => Private,
            _ => Internal,
        }),
        Language::Swift => written.unwrap_or(Internal),
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            if name.starts_with('#') {
                return Private;
            }
            let is_module = outer.is_none_or(|outer| outer == SymbolKind::Module);
            let exported = head.split_whitespace().any(|word| word == "export");
            match written {
                Some(written) => written,
                None if is_module && !exported && !head.contains("exports") => Private,
                None => Public,
            }
        }
        Language::Ruby => section.unwrap_or(Public),
        Language::Php | Language::Kotlin => written.unwrap_or(Public),
        _ => match written {
            Some(Protected) => Protected,
            _ => Public,
        },
    }
}

/// What a word such as `private` says.
pub fn of_word(word: &str) -> Option<Visibility> {
    Some(match word.trim_end_matches([':', ' ']) {
        "public" | "pub" | "open" => Visibility::Public,
        "protected" => Visibility::Protected,
        "internal" | "package" => Visibility::Internal,
        "private" | "fileprivate" => Visibility::Private,
        _ => return None,
    })
}

fn written(head: &str) -> Option<Visibility> {
    head.split_whitespace().find_map(of_word)
}

fn is_dunder(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}
