class Store:
    def get(self, key):
        row = self.table.find(key)
        self.audit.note("access", key)
        return row.value

    def put(self, key):
        row = self.table.find(key)
        self.audit.note("access", key)
        return row.value
