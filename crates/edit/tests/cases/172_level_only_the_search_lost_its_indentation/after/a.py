class A:
    def total(self):
        value = self.first + self.second
        return value
