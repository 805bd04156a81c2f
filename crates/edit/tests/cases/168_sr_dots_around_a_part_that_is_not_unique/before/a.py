def a():
    x = load()
    y = x + 1
    return y


def b():
    x = load()
    y = x + 1
    return y
