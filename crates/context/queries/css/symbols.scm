(rule_set (selectors) @name (block) @body) @selector
(keyframes_statement (keyframes_name) @name) @selector
(media_statement . (_) @name (block) @body) @selector
(supports_statement . (_) @name (block) @body) @selector
((declaration (property_name) @name) @variable (#match? @name "^(--|\\$)"))

(comment) @comment
