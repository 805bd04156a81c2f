((attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @read))
  (#any-of? @_name "class" "for" "href"))
