def area(r):
    pi = 3.14159
    return pi * r * r


def name():
    return "circle"
