(import_declaration [(identifier) (scoped_identifier)] @source) @import
(import_declaration [(identifier) (scoped_identifier)] @source (asterisk) @wildcard) @import
