(use_declaration argument: (_) @tree) @import
(mod_item name: (identifier) @source !body) @module
(extern_crate_declaration name: (identifier) @source) @import
(extern_crate_declaration name: (identifier) @source alias: (identifier) @alias) @import
