(function_signature) @scope
(method_signature) @scope
(abstract_method_signature) @scope
(function_type) @scope
(required_parameter pattern: (identifier) @local)
(optional_parameter pattern: (identifier) @local)
(call_signature) @scope
(construct_signature) @scope
(constructor_type) @scope

; What lies here is seen from outside.
(internal_module body: (statement_block) @members)
(module body: (statement_block) @members)
(required_parameter (accessibility_modifier)) @members
(required_parameter "readonly") @members

; Parameters of types, and what is inferred or counted in one.
(type_alias_declaration) @names
(interface_declaration) @names
(class_declaration) @names
(abstract_class_declaration) @names
(class) @names
(conditional_type) @names
(index_signature) @names
(type_parameter name: (type_identifier) @local)
(infer_type . (type_identifier) @local)
(mapped_type_clause name: (type_identifier) @local)
