def f():
    one = 2
    return one
