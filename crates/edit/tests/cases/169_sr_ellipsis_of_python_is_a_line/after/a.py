def a():
    return load(2)


def b():
    return load(1)
