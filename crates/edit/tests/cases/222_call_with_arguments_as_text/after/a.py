one = 1
zwei = 2
