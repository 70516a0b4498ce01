from demos import frame
def build(engine, words):
    frame.title("server", words)
