(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(struct_item name: (_) @name) @struct
(enum_item name: (_) @name) @enum
(union_item name: (_) @name) @union
(trait_item name: (_) @name) @trait
(impl_item type: [
  (array_type) (dynamic_type) (function_type) (generic_type) (macro_invocation)
  (never_type) (pointer_type) (primitive_type) (scoped_type_identifier)
  (tuple_type) (type_identifier) (unit_type)
] @name) @implementation
(impl_item type: (reference_type type: (_) @name)) @implementation
(mod_item name: (_) @name) @module
(macro_definition name: (_) @name) @macro
(type_item name: (_) @name) @type_alias
(associated_type name: (_) @name) @type_alias
(const_item name: (_) @name) @constant
(static_item name: (_) @name) @variable
(field_declaration name: (_) @name) @field
(enum_variant name: (_) @name) @variant

(line_comment) @comment
(block_comment) @comment
(attribute_item) @attribute
