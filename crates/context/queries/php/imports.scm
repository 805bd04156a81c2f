(namespace_use_declaration (namespace_use_clause . [(name) (qualified_name)] @source)) @import
(namespace_use_declaration (namespace_use_clause . [(name) (qualified_name)] @source alias: (name) @alias)) @import
(namespace_use_declaration
  (namespace_name) @source
  body: (namespace_use_group (namespace_use_clause . [(name) (qualified_name)] @name !alias))) @import
(namespace_use_declaration
  (namespace_name) @source
  body: (namespace_use_group (namespace_use_clause . [(name) (qualified_name)] @name alias: (name) @alias))) @import
(include_expression [(string) (encapsed_string)] @source) @include
(include_once_expression [(string) (encapsed_string)] @source) @include
(require_expression [(string) (encapsed_string)] @source) @include
(require_once_expression [(string) (encapsed_string)] @source) @include
(require_expression (binary_expression right: [(string) (encapsed_string)] @source)) @include
(require_once_expression (binary_expression right: [(string) (encapsed_string)] @source)) @include
