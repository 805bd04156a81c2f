foo
bar
foo
bar
