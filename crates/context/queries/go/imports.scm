(import_spec path: (_) @source) @import
(import_spec name: (package_identifier) @alias path: (_) @source) @import
(import_spec name: (dot) @wildcard path: (_) @source) @import
