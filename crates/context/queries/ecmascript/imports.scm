(import_statement source: (string) @source) @import
(import_statement (import_clause (identifier) @alias) source: (string) @source) @import
(import_statement (import_clause (named_imports (import_specifier name: (_) @name !alias))) source: (string) @source) @import
(import_statement (import_clause (named_imports (import_specifier name: (_) @name alias: (_) @alias))) source: (string) @source) @import
(import_statement (import_clause (namespace_import (identifier) @alias) @wildcard) source: (string) @source) @import

(export_statement source: (string) @source) @export
(export_statement (export_clause (export_specifier name: (_) @name !alias)) source: (string) @source) @export
(export_statement (export_clause (export_specifier name: (_) @name alias: (_) @alias)) source: (string) @source) @export
(export_statement "*" @wildcard source: (string) @source) @export
(export_statement (namespace_export (_) @alias) @wildcard source: (string) @source) @export

(call_expression function: (import) arguments: (arguments . (string) @source)) @import
((call_expression function: (identifier) @_f arguments: (arguments . (string) @source .)) @import
  (#eq? @_f "require"))
((variable_declarator
  name: (identifier) @alias
  value: (call_expression function: (identifier) @_f arguments: (arguments . (string) @source .)) @import)
  (#eq? @_f "require"))
((variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)
  value: (call_expression function: (identifier) @_f arguments: (arguments . (string) @source .)) @import)
  (#eq? @_f "require"))
((variable_declarator
  name: (object_pattern (pair_pattern key: (_) @name value: (identifier) @alias))
  value: (call_expression function: (identifier) @_f arguments: (arguments . (string) @source .)) @import)
  (#eq? @_f "require"))
