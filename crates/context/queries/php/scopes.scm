(function_definition) @scope
(method_declaration) @scope
(anonymous_function) @scope
(arrow_function) @scope

(simple_parameter name: (variable_name (name) @local))
(variadic_parameter name: (variable_name (name) @local))
(property_promotion_parameter name: (variable_name (name) @local))
(assignment_expression left: (variable_name (name) @local))
(catch_clause name: (variable_name (name) @local))
(foreach_statement (variable_name (name) @local))
(foreach_statement (pair (variable_name (name) @local)))

; A parameter that is also a field.
(property_promotion_parameter) @members
