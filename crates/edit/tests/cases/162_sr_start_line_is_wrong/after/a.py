def a():
    retry(5)
    send()


def b():
    log(1)
    send()
