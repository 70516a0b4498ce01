"""Other ways to put a model behind a page or an address. Run by `benchmarks.servers`."""
