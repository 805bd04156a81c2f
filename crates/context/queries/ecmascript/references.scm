(identifier) @read
(property_identifier) @read.member
(shorthand_property_identifier) @read
(pair key: (property_identifier) @none)
(pair_pattern key: (property_identifier) @none)

(assignment_expression left: (identifier) @write)
(assignment_expression left: (member_expression property: (property_identifier) @write.member))
(augmented_assignment_expression left: (identifier) @write)
(augmented_assignment_expression left: (member_expression property: (property_identifier) @write.member))
(update_expression argument: (identifier) @write)
(update_expression argument: (member_expression property: (property_identifier) @write.member))

(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: (property_identifier) @call.member))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (property_identifier) @call.member))

(decorator (identifier) @annotation)
(decorator (call_expression function: (identifier) @annotation))
(decorator (member_expression property: (property_identifier) @annotation.member))
(decorator (call_expression function: (member_expression property: (property_identifier) @annotation.member)))
(import_specifier alias: (identifier) @none)
(namespace_import (identifier) @none)
(namespace_export (identifier) @none)
