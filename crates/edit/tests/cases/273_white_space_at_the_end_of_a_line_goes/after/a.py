first = load(1)
second = load(2)
third = load(3)
