load(first, mode=1)
store(first, mode=3)
close(first, mode=1)

load(first, mode=2)
store(first, mode=1)
close(first, mode=1)
