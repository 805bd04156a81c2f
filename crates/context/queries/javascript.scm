(function_declaration name: (_) @name) @definition
(generator_function_declaration name: (_) @name) @definition
(class_declaration name: (_) @name) @definition
(method_definition name: (_) @name) @definition
(program (lexical_declaration (variable_declarator name: (identifier) @name)) @definition)
(program (variable_declaration (variable_declarator name: (identifier) @name)) @definition)
(program (export_statement declaration: (_ (variable_declarator name: (identifier) @name))) @definition)
(program (expression_statement (assignment_expression left: (member_expression property: (_) @name))) @definition)
(field_definition property: (_) @name value: [(arrow_function) (function_expression)]) @definition
(pair key: (_) @name value: [(arrow_function) (function_expression)]) @definition
