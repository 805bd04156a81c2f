(identifier) @read
(type_identifier) @type
(field_identifier) @read.member
(shorthand_field_identifier) @read.member
(field_initializer field: (field_identifier) @write.member)

(scoped_identifier name: (identifier) @read.member)
(scoped_type_identifier name: (type_identifier) @type.member)
(scoped_identifier path: (identifier) @type (#match? @type "^[A-Z]"))
(scoped_type_identifier path: (identifier) @type (#match? @type "^[A-Z]"))

(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_expression field: (field_identifier) @write.member))
(compound_assignment_expr left: (identifier) @write)
(compound_assignment_expr left: (field_expression field: (field_identifier) @write.member))

(call_expression function: (identifier) @call)
(call_expression function: (scoped_identifier name: (identifier) @call.member))
(call_expression function: (field_expression field: (field_identifier) @call.member))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function function: (scoped_identifier name: (identifier) @call.member)))
(call_expression function: (generic_function function: (field_expression field: (field_identifier) @call.member)))
(macro_invocation macro: (identifier) @macro)
(macro_invocation macro: (scoped_identifier name: (identifier) @macro.member))

(impl_item trait: (type_identifier) @inherit)
(impl_item trait: (scoped_type_identifier name: (type_identifier) @inherit.member))
(impl_item trait: (generic_type type: (type_identifier) @inherit))
(trait_item bounds: (trait_bounds (type_identifier) @inherit))
(attribute (identifier) @annotation)
(attribute (scoped_identifier name: (identifier) @annotation.member))
(attribute arguments: (token_tree (identifier) @type (#match? @type "^[A-Z]")))
(type_parameters (type_parameter name: (type_identifier) @none))
(use_as_clause alias: (identifier) @none)
(lifetime (identifier) @none)
