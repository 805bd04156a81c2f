def area(r):
    pi = 3
    return pi * r ** 2


def label():
    return "circle"
