HOOKS = (1, 2)

def dispatch(key):
    return key


x = 1
