def f():
    print("f")
    return 1
