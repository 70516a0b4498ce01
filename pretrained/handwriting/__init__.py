"""Writing by hand: a network that writes after Graves 2013, and one that reads to check it.

In the order in which to read it:

- the networks: `model`, `reader`; `stepper`: the pen's served arithmetic
- from a text to an answer: `alphabet`, `styles`, `serve`, `read`, `svg`, `errors`
- writing as data: `strokes`, `hand`, `data`
- training: `train`, `tasks`, `show`; `adapt`: to one visitor's; `export`
- measuring: `evaluate`
"""
