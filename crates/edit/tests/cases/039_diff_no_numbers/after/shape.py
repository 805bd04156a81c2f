def area(r):
    pi = 3.14
    return pi * r * r


def name():
    return "disc"
