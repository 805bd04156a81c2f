def a():
    retry(3)
    send()


def b():
    log(1)
    send()
