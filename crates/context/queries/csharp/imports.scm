(using_directive !name . [(identifier) (qualified_name)] @source) @import
(using_directive "static" !name [(identifier) (qualified_name)] @source) @import
(using_directive name: (identifier) @alias [(identifier) (qualified_name) (generic_name)] @source .) @import
