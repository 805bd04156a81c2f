(document (block_node (block_mapping (block_mapping_pair key: (_) @name) @key)))
(block_mapping_pair key: (_) @name value: (block_node)) @key
(anchor (anchor_name) @name) @variable

(comment) @comment
