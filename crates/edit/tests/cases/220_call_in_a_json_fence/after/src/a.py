one = 1
two = 3
three = 3
