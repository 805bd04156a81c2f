def done(self):
    urls = [r.url for r in self.history]
    asked = [r.request.url for r in self.history]
    	
    assert urls == asked
    
    return None
