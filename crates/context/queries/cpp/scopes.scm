(lambda_expression) @scope
(for_range_loop) @scope
(catch_clause) @scope
(optional_parameter_declaration declarator: (identifier) @local)
(parameter_declaration declarator: (reference_declarator (identifier) @local))
(declaration declarator: (reference_declarator (identifier) @local))
(declaration declarator: (init_declarator declarator: (reference_declarator (identifier) @local)))
(for_range_loop declarator: (identifier) @local)
(for_range_loop declarator: (reference_declarator (identifier) @local))
(structured_binding_declarator (identifier) @local)
(lambda_capture_initializer left: (identifier) @local)
