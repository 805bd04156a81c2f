(method name: (_) @name) @function
(singleton_method name: (_) @name) @method
(class name: (_) @name) @class
(module name: (_) @name) @module
(assignment left: (constant) @name) @constant
(assignment left: (scope_resolution name: (constant) @name)) @constant
(assignment left: (left_assignment_list (constant) @name)) @constant
(method name: (identifier) @name (#eq? @name "initialize")) @constructor
(alias name: (_) @name) @method
((call
  !receiver
  method: (identifier) @_attr
  arguments: (argument_list (simple_symbol) @name @property))
  (#any-of? @_attr "attr_accessor" "attr_reader" "attr_writer"))
((call !receiver method: (identifier) @_alias arguments: (argument_list . (simple_symbol) @name)) @method
  (#eq? @_alias "alias_method"))
((call !receiver method: (identifier) @_define arguments: (argument_list . (simple_symbol) @name)) @method
  (#any-of? @_define "define_method" "scope" "delegate"))
((body_statement (identifier) @section) (#any-of? @section "private" "protected" "public"))

(comment) @comment
