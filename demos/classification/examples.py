"""Pictures to try: nine that the default model answers rightly, one, labelled so, that fools it.

They come out of packages that requirements.txt names anyway, and one was drawn for this page. A
test asks the real model about each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from demos import pictures


@dataclass(frozen=True)
class Example:
    """A picture.

    Attributes:
        name: word key ``classification.example.<name>``.
        file: path inside ``package``, or beside this file where that is "".
        right: the short names of what it shows; none where it has no name for it.
        group: of what it shows.
        fools: whether the answer is wrong, and the page says so.
    """

    name: str
    package: str
    file: str
    right: tuple[str, ...] = ()
    group: str = ""
    fools: bool = False

    @property
    def path(self) -> Path | None:
        """Where the file is, without importing its package. None if it is not installed."""
        if not self.package:
            return Path(__file__).with_name(self.file)
        spec = find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None


GRADIO, SKIMAGE, SKLEARN, OURS = "gradio", "skimage", "sklearn", ""
EXAMPLES = (
    Example("espresso", SKIMAGE, "data/coffee.png", ("espresso",), "food"),
    Example("lion", GRADIO, "media_assets/images/lion.jpg", ("lion",), "wild-cats"),
    Example("cat", SKIMAGE, "data/chelsea.png", ("tabby cat", "tiger cat", "Egyptian cat"), "cats"),
    Example("cheetah", GRADIO, "media_assets/images/cheetah1.jpg", ("cheetah",), "wild-cats"),
    Example("photographer", SKIMAGE, "data/camera.png", ("tripod",), "electronics"),
    Example("crossword", OURS, "crossword.png", ("crossword puzzle",), "writing"),
    Example("motorcycle", SKIMAGE, "data/motorcycle_left.png", (), "vehicles"),
    Example("pagoda", SKLEARN, "datasets/images/china.jpg", ("palace",), "places"),
    Example("rocket", SKIMAGE, "data/rocket.jpg", ("missile", "projectile"), "ships"),
    Example("horse", SKIMAGE, "data/horse.png", ("chestnut horse",), "mammals", fools=True),
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
