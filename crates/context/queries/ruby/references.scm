(identifier) @read
(constant) @type
(scope_resolution scope: (_) name: (constant) @type.member)
(instance_variable) @read.member
(global_variable) @read
(assignment left: (identifier) @write)
(assignment left: (instance_variable) @write.member)
(operator_assignment left: (instance_variable) @write.member)
(operator_assignment left: (identifier) @write)
(call !receiver method: (identifier) @call)
(call receiver: (_) method: (identifier) @call.member)
(call method: (constant) @call)
(superclass (constant) @inherit)
(superclass (scope_resolution name: (constant) @inherit.member))
((call method: (identifier) @_include arguments: (argument_list (constant) @inherit))
  (#any-of? @_include "include" "extend" "prepend"))
((identifier) @none (#any-of? @none "private" "protected" "public"))
