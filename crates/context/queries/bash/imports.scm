((command name: (command_name (word) @_source) argument: [(word) (string) (raw_string) (concatenation)] @source) @include
  (#any-of? @_source "source" "."))
