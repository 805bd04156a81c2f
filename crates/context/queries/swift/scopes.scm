(function_declaration) @scope
(protocol_function_declaration) @scope
(init_declaration) @scope
(deinit_declaration) @scope
(computed_property) @scope
(lambda_literal) @scope
(function_body) @scope
(for_statement) @scope
(if_statement) @scope
(guard_statement) @scope
(switch_entry) @scope
(catch_block) @scope
(subscript_declaration) @scope

(parameter name: (simple_identifier) @local)
(lambda_parameter name: (simple_identifier) @local)
(property_declaration name: (pattern bound_identifier: (simple_identifier) @local))
(for_statement item: (pattern bound_identifier: (simple_identifier) @local))
(if_statement bound_identifier: (simple_identifier) @local)
