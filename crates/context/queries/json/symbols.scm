; The entries of the outermost object, and below it those that hold more.
(document (object (pair key: (string (string_content) @name)) @key))
(pair key: (string (string_content) @name) value: [(object) (array)]) @key
