(function_declaration) @scope
(anonymous_function) @scope
(secondary_constructor) @scope
(lambda_literal) @scope
(getter) @scope
(setter) @scope
(block) @scope
(for_statement) @scope
(catch_block) @scope
(when_expression) @scope

(parameter . (identifier) @local)
(function_value_parameters (parameter . (identifier) @local))
(lambda_parameters (variable_declaration . (identifier) @local))
(lambda_parameters (multi_variable_declaration (variable_declaration . (identifier) @local)))
(property_declaration (variable_declaration . (identifier) @local))
(property_declaration (multi_variable_declaration (variable_declaration . (identifier) @local)))
(for_statement (variable_declaration . (identifier) @local))
(for_statement (multi_variable_declaration (variable_declaration . (identifier) @local)))
(catch_block (identifier) @local)
(when_subject (variable_declaration . (identifier) @local))
