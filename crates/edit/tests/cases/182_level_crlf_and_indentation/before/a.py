def f():
    first = load(1)
    return first
