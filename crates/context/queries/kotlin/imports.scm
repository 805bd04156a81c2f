(import (qualified_identifier) @source) @import
(import (qualified_identifier) @source "as" (identifier) @alias) @import
(import (qualified_identifier) @source "*" @wildcard) @import
