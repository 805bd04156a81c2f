(class_specifier name: (_) @name body: (_)) @class
(namespace_definition name: (_) @name) @module
(namespace_alias_definition name: (_) @name) @module
(alias_declaration name: (_) @name) @type_alias
(concept_definition name: (_) @name) @trait
(template_declaration (class_specifier name: (_) @name body: (_))) @whole
(template_declaration (struct_specifier name: (_) @name body: (_))) @whole
(template_declaration (function_definition declarator: (_) @declarator)) @whole
(template_declaration (declaration declarator: (_) @declarator)) @whole
(template_declaration (alias_declaration name: (_) @name)) @whole
(template_declaration (concept_definition name: (_) @name)) @whole
(access_specifier) @section
