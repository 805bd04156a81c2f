def f():
    if x:
        return None
    return None
