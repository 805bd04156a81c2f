(method name: (_) @name) @definition
(singleton_method name: (_) @name) @definition
(class name: (_) @name) @definition
(module name: (_) @name) @definition
(assignment left: (constant) @name) @definition
