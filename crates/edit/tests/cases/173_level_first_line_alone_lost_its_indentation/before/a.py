class A:
    def total(self):
        value = self.first
        check(value)
        return value
