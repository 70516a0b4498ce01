"""Pictures to try, out of the packages that are installed anyway: the app ships none of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from demos import pictures


@dataclass(frozen=True)
class Example:
    """``name``: word key ``classification.example.<name>``; ``file``: path inside ``package``."""

    name: str
    package: str
    file: str

    @property
    def path(self) -> Path | None:
        """Where the file is, without importing its package. None if it is not installed."""
        spec = find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None


GRADIO, SKIMAGE, SKLEARN = "gradio", "skimage", "sklearn"
EXAMPLES = (
    Example("espresso", SKIMAGE, "data/coffee.png"),
    Example("lion", GRADIO, "media_assets/images/lion.jpg"),
    Example("cat", SKIMAGE, "data/chelsea.png"),
    Example("cheetah", GRADIO, "media_assets/images/cheetah1.jpg"),
    Example("motorcycle", SKIMAGE, "data/motorcycle_left.png"),
    Example("rocket", SKIMAGE, "data/rocket.jpg"),
    Example("flower", SKLEARN, "datasets/images/flower.jpg"),
    Example("pagoda", SKLEARN, "datasets/images/china.jpg"),
    Example("astronaut", SKIMAGE, "data/astronaut.png"),
)


@cache
def available() -> tuple[Example, ...]:
    """The examples whose packages are installed; the first is answered when the page opens."""
    return tuple(example for example in EXAMPLES if example.path)


@cache
def thumbnail(example: Example) -> Image.Image:
    """A square of 144 pixels from the middle: about 4 kB to send instead of half a megabyte."""
    picture = pictures.open_picture(str(example.path))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return square.resize((144, 144), Image.Resampling.LANCZOS)
