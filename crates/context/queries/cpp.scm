(function_definition declarator: (function_declarator declarator: (_) @name)) @definition
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name))) @definition
(function_definition declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name)))) @definition
(declaration declarator: (function_declarator declarator: (identifier) @name)) @definition
(declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @definition
(function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name))) @definition
(class_specifier name: (_) @name body: (_)) @definition
(struct_specifier name: (_) @name body: (_)) @definition
(union_specifier name: (_) @name body: (_)) @definition
(enum_specifier name: (_) @name body: (_)) @definition
(namespace_definition name: (_) @name) @definition
(type_definition declarator: (type_identifier) @name) @definition
(alias_declaration name: (_) @name) @definition
(concept_definition name: (_) @name) @definition
(preproc_function_def name: (_) @name) @definition
