"""The pictures that are asked about: photos that scikit-image ships."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image

FOLDER = Path(find_spec("skimage").origin).parent / "data"  # found without importing it
SAMPLES = tuple(
    FOLDER / name
    for name in ("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg", "motorcycle_left.png")
)


def opened() -> list[Image.Image]:
    """The samples as a model takes them: RGB, in memory."""
    pictures = []
    for path in SAMPLES:
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    return pictures
