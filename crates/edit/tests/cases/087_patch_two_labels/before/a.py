class A:
    def f(self):
        x = 1

class B:
    def e(self):
        x = 1
    def f(self):
        x = 1
