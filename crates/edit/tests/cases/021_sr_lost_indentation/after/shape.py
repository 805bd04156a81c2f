def area(r):
    pi = 3.14
    if r < 0:
        return 0
    return pi * r * r


def name():
    return "circle"
