def f():
    one = 1
    return one
