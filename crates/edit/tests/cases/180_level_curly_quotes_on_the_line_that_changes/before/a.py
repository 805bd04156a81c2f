title = 1
print(“hello”)
