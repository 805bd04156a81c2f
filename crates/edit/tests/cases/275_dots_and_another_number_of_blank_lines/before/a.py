first = load(1)
second = load(2)
x = 1
y = 2


third = load(3)
