one = 1
two = 3
