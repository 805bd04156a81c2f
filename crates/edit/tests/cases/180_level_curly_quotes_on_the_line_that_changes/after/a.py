title = 1
print(“goodbye”)
