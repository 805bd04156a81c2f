(package_clause (package_identifier) @name) @module
(function_declaration name: (_) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (pointer_type (type_identifier) @owner)
    (generic_type type: (type_identifier) @owner)
    (pointer_type (generic_type type: (type_identifier) @owner))
  ]))
  name: (_) @name) @method
(method_declaration name: (_) @name) @method

(type_spec name: (_) @name) @type_alias
(type_alias name: (_) @name) @type_alias
(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @struct
(type_spec name: (_) @name type: (interface_type)) @interface
(type_spec name: (_) @name type: (interface_type . (_) @body)) @interface
(type_declaration . (type_spec name: (_) @name) .) @whole
(type_declaration . (type_alias name: (_) @name) .) @whole

(field_declaration name: (_) @name) @field
; An embedded type is a field of its name.
(field_declaration !name type: (type_identifier) @name) @field
(field_declaration !name type: (qualified_type name: (type_identifier) @name)) @field
(field_declaration !name type: (pointer_type (type_identifier) @name)) @field
(field_declaration !name type: (pointer_type (qualified_type name: (type_identifier) @name))) @field
(field_declaration !name type: (generic_type type: (type_identifier) @name)) @field
(method_elem name: (_) @name) @method

(const_spec (identifier) @name) @constant
(var_spec name: (identifier) @name) @variable
(const_declaration . (const_spec (identifier) @name) .) @whole
(var_declaration . (var_spec name: (identifier) @name) .) @whole

(comment) @comment
