(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(type_alias_statement left: (type (identifier) @name)) @type_alias
(type_alias_statement left: (type (generic_type (identifier) @name))) @type_alias

; The values of a module and of a class; those of functions fall away.
(expression_statement (assignment left: (identifier) @name)) @variable
(assignment left: (pattern_list (identifier) @name)) @variable
(assignment left: (tuple_pattern (identifier) @name)) @variable
(expression_statement (assignment left: (identifier) @name right: (assignment))) @variable
(assignment right: (assignment left: (identifier) @name)) @variable

(expression_statement (assignment left: (identifier) @name) (#match? @name "^_*[A-Z][A-Z0-9_]*$")) @constant

(class_definition body: (block (function_definition name: (identifier) @name) @constructor)
  (#any-of? @name "__init__" "__new__"))
(class_definition
  body: (block (decorated_definition definition: (function_definition name: (identifier) @name)) @constructor)
  (#any-of? @name "__init__" "__new__"))

(decorated_definition definition: (_ name: (identifier) @name)) @whole

(function_definition
  name: (identifier) @name
  body: (block . (comment)* . (expression_statement . (string) @doc .))) @whole
(class_definition
  name: (identifier) @name
  body: (block . (comment)* . (expression_statement . (string) @doc .))) @whole

(comment) @comment
