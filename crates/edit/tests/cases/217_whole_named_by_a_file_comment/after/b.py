# file: b.py
y = 2
