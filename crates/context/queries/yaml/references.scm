(alias (alias_name) @read)
