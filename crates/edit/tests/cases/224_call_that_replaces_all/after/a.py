get(y)
put(y)
