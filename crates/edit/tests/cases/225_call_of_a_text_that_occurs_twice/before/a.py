get(x)
put(x)
