(identifier) @read
(attribute attribute: (identifier) @read.member)

(assignment left: (identifier) @write)
(assignment left: (attribute attribute: (identifier) @write.member))
(augmented_assignment left: (identifier) @write)
(augmented_assignment left: (attribute attribute: (identifier) @write.member))

(type (identifier) @type)
(type (attribute attribute: (identifier) @type.member))
(generic_type (identifier) @type)
(type (binary_operator (identifier) @type))

(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call.member))

(class_definition superclasses: (argument_list (identifier) @inherit))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @inherit.member)))
(class_definition superclasses: (argument_list (subscript value: (identifier) @inherit)))

(decorator (identifier) @annotation)
(decorator (attribute attribute: (identifier) @annotation.member))
(decorator (call function: (identifier) @annotation))
(decorator (call function: (attribute attribute: (identifier) @annotation.member)))

(keyword_argument name: (identifier) @none)
(aliased_import alias: (identifier) @none)
(future_import_statement (dotted_name (identifier) @none))
