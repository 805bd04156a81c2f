three = 4
