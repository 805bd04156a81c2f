(field_definition property: (_) @name) @field
(field_definition
  property: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @method
(function_declaration "async" name: (identifier) @name) @function
