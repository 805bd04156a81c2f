(element (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name))) (#eq? @_id "id")) @definition
(element (start_tag (tag_name) @name) (#any-of? @name "head" "body" "header" "main" "nav" "section" "article" "aside" "footer" "form" "table" "template")) @definition
(script_element (start_tag (tag_name) @name)) @definition
(style_element (start_tag (tag_name) @name)) @definition
