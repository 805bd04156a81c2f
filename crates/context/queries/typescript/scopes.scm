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
