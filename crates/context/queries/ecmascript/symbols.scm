(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(class_declaration name: (_) @name) @class
(function_expression name: (identifier) @name) @function
(class name: (_) @name) @class
(method_definition name: (_) @name) @method
(method_definition name: (property_identifier) @name (#eq? @name "constructor")) @constructor

; Accessors are called like values.
(method_definition ["get" "set"] name: (_) @name) @property

(lexical_declaration (variable_declarator name: (identifier) @name) @variable)
(variable_declaration (variable_declarator name: (identifier) @name) @variable)
(lexical_declaration "const" (variable_declarator name: (identifier) @name) @constant)
(variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @name)) @variable
(variable_declarator name: (object_pattern (pair_pattern value: (identifier) @name))) @variable
(variable_declarator name: (array_pattern (identifier) @name)) @variable
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @class

; A declaration of one name is that name's; of several, each has its own part.
((lexical_declaration . (variable_declarator name: (identifier) @name) .) @whole)
((variable_declaration . (variable_declarator name: (identifier) @name) .) @whole)
(export_statement declaration: (_ name: (_) @name)) @whole
(export_statement declaration: (lexical_declaration . (variable_declarator name: (identifier) @name) .)) @whole
(export_statement declaration: (variable_declaration . (variable_declarator name: (identifier) @name) .)) @whole
(lexical_declaration (variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @name))) @whole
(lexical_declaration (variable_declarator name: (object_pattern (pair_pattern value: (identifier) @name)))) @whole

(pair key: [(property_identifier) (string) (number)] @name) @property
(pair
  key: [(property_identifier) (string) (number)] @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method
(object (shorthand_property_identifier) @name @property)

; What is put on an object outside of functions: exports, prototypes.
(expression_statement
  (assignment_expression left: (member_expression property: (property_identifier) @name)) @property)
(expression_statement
  (assignment_expression
    left: (member_expression object: (_) @owner property: (property_identifier) @name)
    right: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @method)
(expression_statement
  (assignment_expression
    left: (member_expression object: (_) @owner property: (property_identifier) @name)
    right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
  (#match? @owner "^(module\\.)?exports$"))

(comment) @comment
