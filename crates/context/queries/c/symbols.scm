(function_definition declarator: (_) @declarator) @function
(declaration declarator: (_) @declarator) @variable
(field_declaration declarator: (_) @declarator) @field
(type_definition declarator: (_) @declarator) @type_alias
(struct_specifier name: (_) @name body: (_)) @struct
(union_specifier name: (_) @name body: (_)) @union
(enum_specifier name: (_) @name body: (_)) @enum
(enumerator name: (_) @name) @variant
(preproc_function_def name: (_) @name) @macro
(preproc_def name: (_) @name) @macro

(comment) @comment
