(use_declaration argument: (_) @tree) @import
(mod_item name: (identifier) @source !body) @module
(extern_crate_declaration name: (identifier) @source) @import
(extern_crate_declaration name: (identifier) @source alias: (identifier) @alias) @import
((attribute_item (attribute (identifier) @_path value: (string_literal (string_content) @source)))
  . (mod_item name: (identifier) @alias !body) @module
  (#eq? @_path "path"))
