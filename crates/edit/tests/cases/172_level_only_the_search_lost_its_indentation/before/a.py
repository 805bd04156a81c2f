class A:
    def total(self):
        value = self.first
        return value
