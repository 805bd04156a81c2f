((call_expression (function_name) @_var (arguments (plain_value) @read)) (#eq? @_var "var"))
((declaration (property_name) @_name (plain_value) @read)
  (#any-of? @_name "animation-name" "animation"))
