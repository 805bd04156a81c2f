def area(r):
    pi = 4
    return pi * r * r


def name():
    return "circle"
