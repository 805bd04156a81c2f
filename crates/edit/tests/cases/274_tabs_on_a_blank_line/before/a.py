def f():
    a = load(1)
    b = load(2)
