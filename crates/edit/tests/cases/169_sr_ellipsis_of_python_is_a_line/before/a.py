def a():
    ...


def b():
    return load(1)
