from demos import frame
def build(engine, words):
    frame.title("results", words)
