(function_signature name: (identifier) @name) @function
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(type_alias_declaration name: (_) @name) @type_alias
(enum_declaration name: (_) @name) @enum
(enum_body name: [(property_identifier) (string)] @name @variant)
(enum_assignment name: (_) @name) @variant
(internal_module name: (_) @name) @module
(module name: (_) @name) @module
(abstract_method_signature name: (_) @name) @method
(method_signature name: (_) @name) @method
(construct_signature "new" @name) @constructor
(property_signature name: (_) @name) @property
(public_field_definition name: (_) @name) @field
(public_field_definition
  name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @method

; `constructor(private port: Port)` makes a field.
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @field
(required_parameter "readonly" pattern: (identifier) @name) @field

(class_body (decorator) @attribute)
(ambient_declaration (_ name: (_) @name)) @whole
(export_statement (internal_module name: (_) @name)) @whole
(import_statement (import_require_clause (identifier) @name)) @variable
(import_alias . (identifier) @name) @type_alias
