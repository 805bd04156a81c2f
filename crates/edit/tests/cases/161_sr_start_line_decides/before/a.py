def a():
    retry(3)
    send()


def b():
    retry(3)
    send()
