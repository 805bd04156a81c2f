(function_item) @scope
(function_signature_item) @scope
(closure_expression) @scope
(block) @scope
(match_arm) @scope
(for_expression) @scope
(if_expression) @scope
(while_expression) @scope

(parameter pattern: (identifier) @local)
(parameter pattern: (mut_pattern (identifier) @local))
(parameter pattern: (tuple_pattern (identifier) @local))
(closure_parameters (identifier) @local)
(closure_parameters (tuple_pattern (identifier) @local))
(closure_parameters (reference_pattern (identifier) @local))
(let_declaration pattern: (identifier) @local)
(let_declaration pattern: (mut_pattern (identifier) @local))
(let_declaration pattern: (ref_pattern (identifier) @local))
(let_condition pattern: (identifier) @local)
(for_expression pattern: (identifier) @local)
(for_expression pattern: (mut_pattern (identifier) @local))
(tuple_pattern (identifier) @local)
(tuple_pattern (mut_pattern (identifier) @local))
(reference_pattern (identifier) @local)
(slice_pattern (identifier) @local)
(captured_pattern . (identifier) @local)
(tuple_struct_pattern type: (_) (identifier) @local)
(tuple_struct_pattern type: (_) (mut_pattern (identifier) @local))
(tuple_struct_pattern type: (_) (ref_pattern (identifier) @local))
(field_pattern name: (shorthand_field_identifier) @local)
(field_pattern pattern: (identifier) @local)
((match_pattern . (identifier) @local) (#match? @local "^[a-z_]"))
