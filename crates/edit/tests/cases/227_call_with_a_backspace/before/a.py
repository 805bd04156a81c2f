find("word")
