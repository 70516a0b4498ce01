"""The pen (Graves 2013): an exhibit of Generate text, under the same four rooms.

No tab of its own: `demos.text` lays out its rooms beside those of the text, where the server has a
pen.
"""

from demos.handwriting import api, inside, learn, train, tryout
from demos.handwriting.request import PEN

__all__ = ["PEN", "api", "inside", "learn", "train", "tryout"]
