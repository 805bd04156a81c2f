def area(r):
    pi = 3
    return pi * r * r


def name():
    return "circle"
