import json
import os


class Loader:
    def __init__(self, folder):
        self.folder = folder
        self.cache = {}

    def load(self, name):
        path = os.path.join(self.folder, name)
        if path in self.cache:
            return dict(self.cache[path])
        with open(path, encoding="utf-8") as handle:
            data = json.load(handle)
        self.cache[path] = data
        return data

    def clear(self):
        self.cache = {}
