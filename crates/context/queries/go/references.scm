(identifier) @read
(type_identifier) @type
(field_identifier) @read.member
(qualified_type name: (type_identifier) @type.member)
(selector_expression field: (field_identifier) @read.member)
(assignment_statement left: (expression_list (identifier) @write))
(assignment_statement left: (expression_list (selector_expression field: (field_identifier) @write.member)))
(inc_statement (identifier) @write)
(dec_statement (identifier) @write)
(call_expression function: (identifier) @call)
(call_expression function: (selector_expression field: (field_identifier) @call.member))
(call_expression function: (index_expression operand: (identifier) @call))
(type_instantiation_expression type: (type_identifier) @call)
(keyed_element key: (literal_element (identifier) @write.member))
(package_identifier) @read
(package_clause (package_identifier) @none)
(label_name) @none
(import_spec name: (package_identifier) @none)
(type_parameter_declaration name: (identifier) @none)
(method_elem parameters: (parameter_list (parameter_declaration name: (identifier) @none)))
(function_type parameters: (parameter_list (parameter_declaration name: (identifier) @none)))
((identifier) @none (#eq? @none "_"))
