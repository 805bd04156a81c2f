one = 1
middle = 1.5
two = 2
