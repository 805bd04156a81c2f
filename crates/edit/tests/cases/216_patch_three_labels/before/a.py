class A:
    class B:
        def f(self):
            return load(1)

class C:
    class B:
        def f(self):
            return load(1)
