def done(self):
    urls = [r.url for r in self.history]
    asked = list(self.asked)
    
    assert urls == asked
