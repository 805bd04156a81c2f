class A:
    def total(self):
        value = self.first
        check(value, strict=True)
        return value
