(identifier) @read
(type_identifier) @type
(field_identifier) @read.member
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call.member))
(assignment_expression left: (identifier) @write)
(assignment_expression left: (field_expression field: (field_identifier) @write.member))
(update_expression argument: (identifier) @write)
(update_expression argument: (field_expression field: (field_identifier) @write.member))
(field_designator (field_identifier) @write.member)
(preproc_ifdef name: (identifier) @macro)
(preproc_defined (identifier) @macro)
(preproc_params (identifier) @none)
(statement_identifier) @none
