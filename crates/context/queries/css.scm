(rule_set (selectors) @name) @definition
(keyframes_statement (keyframes_name) @name) @definition
(media_statement . (_) @name) @definition
(supports_statement . (_) @name) @definition
