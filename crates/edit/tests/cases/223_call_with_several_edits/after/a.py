one = 10
two = 20
