(package_header (qualified_identifier) @name) @module
(class_declaration "class" name: (identifier) @name) @class
(class_declaration "interface" name: (identifier) @name) @interface
(class_declaration name: (identifier) @name (enum_class_body)) @enum
(class_declaration (modifiers (class_modifier) @_enum) name: (identifier) @name (#eq? @_enum "enum")) @enum
(class_declaration name: (identifier) @name [(class_body) (enum_class_body)] @body) @whole
(object_declaration name: (identifier) @name) @class
(object_declaration name: (identifier) @name (class_body) @body) @whole
(companion_object name: (identifier) @name) @class
(companion_object name: (identifier) @name (class_body) @body) @whole
(function_declaration name: (identifier) @name) @function
(function_declaration name: (identifier) @name (function_body) @body) @whole
(secondary_constructor "constructor" @name) @constructor
(property_declaration (variable_declaration . (identifier) @name)) @variable
(property_declaration (multi_variable_declaration (variable_declaration . (identifier) @name))) @variable
(property_declaration (modifiers (property_modifier) @_const) (variable_declaration . (identifier) @name)
  (#eq? @_const "const")) @constant
(class_parameter ["val" "var"] (identifier) @name) @field
(enum_entry . (identifier) @name) @variant
(enum_entry (modifiers) . (identifier) @name) @variant
(type_alias type: (identifier) @name) @type_alias

(line_comment) @comment
(block_comment) @comment
