first = load(1)


second = load(2)
