((element (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))) @element
  (#eq? @_id "id"))
((element (start_tag (tag_name) @name)) @element
  (#any-of? @name "head" "body" "header" "main" "nav" "section" "article" "aside" "footer" "form" "table" "template"))
(script_element (start_tag (tag_name) @name)) @element
(style_element (start_tag (tag_name) @name)) @element
