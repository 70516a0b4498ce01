"""Memory cells that track something, found by measuring (Karpathy, Johnson & Fei-Fei 2015)."""

def search(network, alphabet, text, split):
    return []
