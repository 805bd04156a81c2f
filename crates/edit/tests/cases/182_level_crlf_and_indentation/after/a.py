def f():
    first = load(2)
    return first
