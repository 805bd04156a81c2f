(function_definition name: (_) @name) @function
(program (variable_assignment name: (variable_name) @name) @variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @variable)
(program (declaration_command "readonly" (variable_assignment name: (variable_name) @name)) @constant)

(comment) @comment
