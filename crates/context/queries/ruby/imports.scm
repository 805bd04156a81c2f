((call !receiver method: (identifier) @_require arguments: (argument_list . (string) @source)) @import
  (#any-of? @_require "require" "load"))
((call !receiver method: (identifier) @_require arguments: (argument_list . (string) @source)) @include
  (#eq? @_require "require_relative"))
