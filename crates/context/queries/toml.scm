(table [(bare_key) (dotted_key) (quoted_key)] @name) @definition
(table_array_element [(bare_key) (dotted_key) (quoted_key)] @name) @definition
