(using_directive . [(identifier) (qualified_name)] @source) @import
(using_directive "static" [(identifier) (qualified_name)] @source) @import
(using_directive name: (identifier) @alias [(identifier) (qualified_name) (generic_name)] @source .) @import
