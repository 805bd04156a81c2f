(namespace_definition name: (_) @name) @module
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(trait_declaration name: (_) @name) @trait
(enum_declaration name: (_) @name) @enum
(enum_case name: (_) @name) @variant
(function_definition name: (_) @name) @function
(method_declaration name: (_) @name) @method
(method_declaration name: (_) @name (#eq? @name "__construct")) @constructor
(property_declaration (property_element name: (variable_name (name) @name))) @field
(property_promotion_parameter name: (variable_name (name) @name)) @field
(const_declaration (const_element . (name) @name)) @constant
((function_call_expression
  function: (name) @_define
  arguments: (arguments . (argument [(string) (encapsed_string)] @name))) @constant
  (#eq? @_define "define"))

(comment) @comment
