# pkg/b.py
x = 1
