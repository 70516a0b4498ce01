"""The pictures that are asked about: photos that scikit-image ships."""

from importlib.metadata import distribution
from pathlib import Path

from PIL import Image

FOLDER = Path(str(distribution("scikit-image").locate_file("skimage/data")))  # without importing it
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
