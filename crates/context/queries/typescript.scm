(function_declaration name: (_) @name) @definition
(function_signature name: (_) @name) @definition
(generator_function_declaration name: (_) @name) @definition
(class_declaration name: (_) @name) @definition
(abstract_class_declaration name: (_) @name) @definition
(method_definition name: (_) @name) @definition
(interface_declaration name: (_) @name) @definition
(type_alias_declaration name: (_) @name) @definition
(enum_declaration name: (_) @name) @definition
(internal_module name: (_) @name) @definition
(module name: (_) @name) @definition
(program (lexical_declaration (variable_declarator name: (identifier) @name)) @definition)
(program (export_statement declaration: (_ (variable_declarator name: (identifier) @name))) @definition)
(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @definition
(pair key: (_) @name value: [(arrow_function) (function_expression)]) @definition
